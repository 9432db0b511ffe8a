/** Which build this bundle is of; set by vite.config.ts. */
declare const __BUILD_ID__: string
