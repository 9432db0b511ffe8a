import { ensureBuild } from '#server/build.ts'

/** Before any worker: two servers that start at once must not build side by side. */
export default async function buildOnce(): Promise<void> {
  await ensureBuild(console.log)
}
