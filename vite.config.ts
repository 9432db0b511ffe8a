import { mkdirSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { tanstackStart } from '@tanstack/react-start/plugin/vite'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

export default defineConfig({
  plugins: [tanstackStart({ srcDirectory: 'app' }), react(), keepHandlesOutOfStorage(), listClientModules()],
  // Bundled ahead of time these two would miss the change that keepHandlesOutOfStorage makes.
  optimizeDeps: {
    exclude: ['@electric-sql/client', '@tanstack/electric-db-collection'],
    // CommonJS, which a browser cannot load as it is.
    include: ['@tanstack/electric-db-collection > debug'],
  },
  // Names the build in both bundles: a tab whose build is not the server's any more offers to reload.
  define: { __BUILD_ID__: JSON.stringify(process.env.BUILD_ID ?? 'development') },
  // A server of ours never listens beyond loopback unless it was told to.
  server: { host: '127.0.0.1', strictPort: true },
  build: { sourcemap: false },
})

/**
 * The official client remembers handles and addresses of shapes in localStorage, which outlives a sign-out. It is a
 * guard against caches that serve stale answers; the proxy's are never cached, and the client does without where there
 * is no localStorage.
 */
function keepHandlesOutOfStorage(): Plugin {
  return {
    name: 'keep-handles-out-of-storage',
    transform(code, id) {
      if (!id.includes('/@electric-sql/client/dist/') || !code.includes('localStorage')) return null
      return { code: code.replaceAll(/\blocalStorage\b/g, 'undefined'), map: null }
    },
  }
}

/** Writes which modules ended up in the browser's bundle; a test holds the directions of imports against it. */
function listClientModules(): Plugin {
  return {
    name: 'list-client-modules',
    applyToEnvironment: (environment) => environment.name === 'client',
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((chunk) =>
        chunk.type === 'chunk'
          ? Object.entries(chunk.modules).flatMap(([id, { renderedLength }]) =>
              renderedLength > 0 ? [id] : [],
            )
          : [],
      )
      const files = modules
        .filter((id) => id.startsWith('/'))
        .map((id) => relative(process.cwd(), id.split('?')[0] ?? id))
      mkdirSync('dist', { recursive: true })
      writeFileSync('dist/client-modules.json', JSON.stringify([...new Set(files)].sort()))
    },
  }
}
