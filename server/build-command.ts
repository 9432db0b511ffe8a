import { ensureBuild } from './build.ts'

// Builds dist/ ahead of time, for images that start without sources to watch.

console.log(`dist/ holds build ${await ensureBuild(console.log)}.`)
