// Shoppers' sessions: signing in and out, forms, and links with an invitation.

export { signInAddress, SIGN_IN_PATH, SIGN_OUT_PATH } from './addresses.ts';
export { readShopperForm, type ShopperForm } from './csrf.ts';
export { acceptInvitation, invitedVisitor } from './invited-visitor.ts';
export { sessionRoutes } from './session-routes.ts';
export type { ProviderSettings, SignInSettings } from './settings.ts';
export type { Session } from './session.ts';
