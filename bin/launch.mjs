// Runs one of the project's programs: `node bin/launch.mjs <script> [arguments]`.
// Plain JavaScript for any Node from 20.19 on: it installs what is missing and hands over to the Node of package.json.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const [script, ...args] = process.argv.slice(2)

if (!isInstalled()) install()
run(nodeBinary())

// npm writes node_modules/.package-lock.json last: its absence or another content means an unfinished or older install.
function isInstalled() {
  const hidden = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(hidden)) return false
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const present = parsed(readFileSync(hidden, 'utf8'))?.packages
  if (!present) return false
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || present[path]?.version === version || (optional && !present[path]),
  )
}

function parsed(json) {
  try {
    return JSON.parse(json)
  } catch {
    return null // an install that was cut off
  }
}

function install() {
  console.error('Installing packages (once) …')
  // Given by npm when it runs a script; on its own, npm is on the PATH.
  const [command, ...before] = process.env.npm_execpath
    ? [process.execPath, process.env.npm_execpath]
    : ['npm']
  const done = spawnSync(
    command,
    [...before, 'ci', '--include=optional', '--include=dev', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2], // what a program prints on standard output may be read by another
    },
  )
  if (done.status !== 0) {
    console.error('npm ci failed: its messages are above. Nothing was started.')
    process.exit(1)
  }
}

function nodeBinary() {
  const names = [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`]
  for (const name of names) {
    const binary = join(root, 'node_modules', name, 'bin', 'node')
    if (existsSync(binary)) return binary
  }
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath
  const here = existsSync(join(root, 'node_modules')) ? readdirSync(join(root, 'node_modules')).length : 0
  console.error(
    `Node ${process.versions.node} is too old to run this on ${process.platform}-${process.arch}, and no newer one came with the packages (${here} installed). Install Node 24 or newer.`,
  )
  process.exit(1)
}

function run(node) {
  const child = spawn(node, [script, ...args], {
    cwd: root,
    // The channel tells the program when this process is gone, however it went.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: {
      // Compiled once, not at each start: half the time and a quarter of the memory of a small program.
      NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compile'),
      ...process.env,
      PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`,
    },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  // npm's shell can end without passing a signal on; whoever started this is gone then, and so must this be.
  const parent = process.ppid
  if (process.env.npm_lifecycle_event) {
    setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 500).unref()
  }
  child.on('error', (error) => {
    console.error(`${node} cannot be run: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}
