// The pages of the CMS, for its handlers: a door of their own, so that nobody else loads them.

export { abandonmentPage, SPANS, type AbandonmentView } from './abandonment-page.ts';
export { MORE_ROWS } from './attribute-rows.ts';
export { boardPage, type BoardPageView } from './board-page.ts';
export { campaignFormPage, MOVE_PRODUCTS, type CampaignFormView } from './campaign-form-page.ts';
export { campaignListPage, PHASES, type CampaignListView } from './campaign-list.ts';
export { campaignOverviewPage, type CampaignOverviewView } from './campaign-overview.ts';
export { clonePage, publishPage, removePage, switchPage, type Switch } from './campaign-step.ts';
export { customerPage, type CustomerView } from './customer-page.ts';
export { entryPage, type EntryView } from './entry-page.ts';
export type { FieldError } from './field.ts';
export { campaignHref, productHref, type Look } from './frame.ts';
export { historyPage, type HistoryView } from './history-page.ts';
export { newImageField, NEW_IMAGES_PER_FORM, type Pictures } from './image-rows.ts';
export { importPage, type ImportView } from './import-page.ts';
export { previewPage } from './preview.ts';
export { productFormPage, SENT, type ProductFormView } from './product-form-page.ts';
export { productPage } from './product-page.ts';
export { refusalPage, type RefusalView } from './refusal.ts';
export { cmsPage, type CmsPageParts, type Crumb, type Notice } from './shell.ts';
export { customerHref, reviewHref } from './review-links.ts';
export { reviewListPage, type ReviewListView } from './review-list.ts';
export { reviewPage, reviewStepPage, type ReviewStep } from './review-page.ts';
export { signInPage, type SignInView } from './sign-in.ts';
export { stockNotice, type StockView } from './stock-panel.ts';
export type { Uploads } from './upload-progress.ts';
