// Pictures and product data for the CDN.

export { AssetLibrary, type AssetLibraryOptions } from './asset-library.ts';
export { AssetStoreFailed, type AssetStore } from './asset-store.ts';
export { AssetUploader, type AssetUploaderOptions, type UploadLimits } from './asset-uploader.ts';
export { fileType, isFileName } from './file-name.ts';
export { BucketStore, type BucketStoreOptions } from './bucket-store.ts';
export { FilesBusy } from './file-shelf.ts';
export type { UploadProgress } from './file-rows.ts';
export { FolderStore } from './folder-store.ts';
export type { Image, ImageAdded, ImageVariant, PictureFormat } from './image.ts';
export { PictureDesk } from './picture-desk.ts';
export { PICTURE_LIMITS, type PictureLimits } from './picture-limits.ts';
export { PurgeHook } from './purge-hook.ts';
