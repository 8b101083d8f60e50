// Preloaded into the engine under clinic, which takes a function for the program's own only when its file's name ends in .js,
// and hides all others among V8's. So every TypeScript file gets an address that does: purchase.ts is purchase.ts?.js there.

import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) => {
    const resolved = next(specifier, context);
    return resolved.url.endsWith('.ts') ? { ...resolved, url: `${resolved.url}?.js` } : resolved;
  },
});
