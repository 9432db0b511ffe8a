import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress } from 'node:zlib'
import { chromium } from 'playwright/test'

/** How to launch a Chromium on this machine. */
export interface Browser {
  executablePath: string
  args: string[]
  env: Record<string, string>
}

const SYSTEM_BROWSERS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/opt/google/chrome/chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

// Without the sandbox everywhere: as root and in containers there is none, and only our own pages are opened.
const ARGS = ['--no-sandbox']

/** @throws Error saying what to install when there is no browser. */
export async function findBrowser(): Promise<Browser> {
  const given = process.env.CHROMIUM_PATH
  if (given && !existsSync(given)) throw new Error(`CHROMIUM_PATH names ${given}, which is not there.`)
  const installed = given ?? [...SYSTEM_BROWSERS, chromium.executablePath()].find(existsSync)
  if (installed) return { executablePath: installed, args: ARGS, env: {} }
  if (process.platform === 'linux' && process.arch === 'x64') return packagedBrowser()
  throw new Error(
    'No Chromium was found, and none comes from npm for this machine. Install Chrome or set CHROMIUM_PATH.',
  )
}

async function packagedBrowser(): Promise<Browser> {
  const folder = await unpacked()
  const executablePath = join(folder, 'chromium')
  return {
    executablePath,
    args: [...ARGS, '--headless=shell'], // the package is the headless shell alone
    env: {
      ...(canRun(executablePath) ? {} : { LD_LIBRARY_PATH: join(folder, 'lib') }),
      ...(hasFonts() ? {} : { FONTCONFIG_PATH: folder }),
    },
  }
}

/** Unpacks the browser from npm once: below node_modules, where nobody else can put another one. */
async function unpacked(): Promise<string> {
  const manifest = findPackageJSON('@sparticuz/chromium', import.meta.url)
  if (!manifest) throw new Error('@sparticuz/chromium is not installed. Run "npm ci".')
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
  const folder = resolve('node_modules', '.cache', `chromium-${version}`)
  if (existsSync(folder)) return folder
  const making = `${folder}.${randomBytes(4).toString('hex')}`
  try {
    await unpackInto(making, join(dirname(manifest), 'bin'))
    await rename(making, folder).catch((error) => {
      if (!existsSync(folder)) throw error // another run was faster
    })
  } finally {
    await rm(making, { recursive: true, force: true })
  }
  return folder
}

async function unpackInto(folder: string, packed: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const executable = join(folder, 'chromium')
  await decompress(join(packed, 'chromium.br'), createWriteStream(executable))
  await chmod(executable, 0o755)
  for (const archive of ['al2023', 'fonts']) {
    await untar(join(packed, `${archive}.tar.br`), folder)
  }
  await writeFile(
    join(folder, 'fonts.conf'),
    '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">' +
      '<fontconfig><dir prefix="relative">fonts</dir><cachedir prefix="relative">fonts-cache</cachedir></fontconfig>\n',
  )
}

async function untar(archive: string, folder: string): Promise<void> {
  // By way of a file: tar ends at the archive's last block, and closes a pipe before the whole of it was written.
  const plain = join(folder, 'archive.tar')
  await decompress(archive, createWriteStream(plain))
  const tar = spawn('tar', ['-x', '-f', plain, '-C', folder, '--no-same-owner'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if ((await exitCode(tar)) !== 0) throw new Error(`${archive} could not be unpacked.`)
  await rm(plain)
}

function decompress(file: string, to: Writable): Promise<void> {
  return pipeline(createReadStream(file), createBrotliDecompress(), to)
}

function exitCode(child: ChildProcess): Promise<number | null> {
  return new Promise((settle, reject) => child.once('error', reject).once('exit', settle))
}

/** Whether the machine has the libraries that the executable needs. */
function canRun(executable: string): boolean {
  return spawnSync(executable, ['--version'], { stdio: 'ignore' }).status === 0
}

function hasFonts(): boolean {
  return (spawnSync('fc-list', { encoding: 'utf8' }).stdout ?? '').trim() !== ''
}
