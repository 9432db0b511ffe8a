import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What goes into the bundles; anything else can change without a new build. */
const SOURCES = [
  'app',
  'db',
  'electric',
  'proxy',
  'server',
  'vite.config.ts',
  'package-lock.json',
  'tsconfig.json',
]
const STAMP = join('dist', 'build.json')

/**
 * Builds dist/ unless it holds just these sources already.
 * @returns the build's id: a digest of its sources.
 */
export async function ensureBuild(report: (line: string) => void): Promise<string> {
  const id = await sourcesDigest()
  const stamp = await readFile(STAMP, 'utf8').catch(() => '{}')
  if ((JSON.parse(stamp) as { id?: string }).id === id) return id
  report('Building the app (once for each version) …')
  await viteBuild(id)
  await mkdir('dist', { recursive: true })
  await writeFile(STAMP, JSON.stringify({ id })) // last: a build cut off in the middle has no stamp
  return id
}

async function sourcesDigest(): Promise<string> {
  const hash = createHash('sha256')
  for (const source of SOURCES) {
    for (const file of await filesBelow(source)) {
      if (/\.(test|spec)\.tsx?$/.test(file) || file.endsWith('routeTree.gen.ts')) continue
      hash
        .update(`${file}\0`)
        .update(await readFile(file))
        .update('\0')
    }
  }
  return hash.digest('hex').slice(0, 16)
}

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOTDIR') return null
      throw error
    },
  )
  if (!entries) return [path]
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

function viteBuild(id: string): Promise<void> {
  const args = [join('node_modules', 'vite', 'bin', 'vite.js'), 'build', '--logLevel', 'warn']
  const env = { ...process.env, BUILD_ID: id, NODE_ENV: 'production' }
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (output += part))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`The build failed:\n${output}`))))
  })
}
