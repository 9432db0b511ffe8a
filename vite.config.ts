import { tanstackStart } from '@tanstack/react-start/plugin/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [tanstackStart({ srcDirectory: 'app' }), react()],
  // Names the build in both bundles: a tab whose build is not the server's any more offers to reload.
  define: { __BUILD_ID__: JSON.stringify(process.env.BUILD_ID ?? 'development') },
  // A server of ours never listens beyond loopback unless it was told to.
  server: { host: '127.0.0.1', strictPort: true },
  build: { sourcemap: false },
})
