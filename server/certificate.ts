import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Env } from './env.ts'
import type { Logger } from './log.ts'

/** Paths of PEM files. */
export interface CertificateFiles {
  TLS_CERT: string
  TLS_KEY: string
}

/** Null without TLS. */
export function certificateFiles({
  TLS_CERT,
  TLS_KEY,
}: Pick<Env, 'TLS_CERT' | 'TLS_KEY'>): CertificateFiles | null {
  return TLS_CERT && TLS_KEY ? { TLS_CERT, TLS_KEY } : null
}

export interface Certificate {
  cert: Buffer
  key: Buffer
  validUntil: Date
}

/** @throws Error saying which file is wrong and what to give instead. */
export function readCertificate({ TLS_CERT, TLS_KEY }: CertificateFiles): Certificate {
  const [cert, key] = [read('TLS_CERT', TLS_CERT), read('TLS_KEY', TLS_KEY)]
  const certificate = attempt(
    () => new X509Certificate(cert),
    `TLS_CERT=${TLS_CERT} is no certificate. Give a PEM file, which has a line "BEGIN CERTIFICATE".`,
  )
  const privateKey = attempt(
    () => createPrivateKey(key),
    `TLS_KEY=${TLS_KEY} is no private key that can be used. Give a PEM file without a passphrase, which has a line "BEGIN PRIVATE KEY".`,
  )
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new Error(
      `TLS_KEY=${TLS_KEY} is not the key of TLS_CERT=${TLS_CERT}. Give the two files of one certificate; where TLS_CERT holds a chain, the server's own comes first.`,
    )
  }
  attempt(() => createSecureContext({ cert, key }), `TLS_CERT=${TLS_CERT} cannot be used for TLS.`)
  return { cert, key, validUntil: certificate.validToDate }
}

function read(name: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException // as node:fs throws
    throw new Error(
      `${name}=${path} cannot be read (${code}). Give the path of a PEM file that this user may read.`,
      { cause },
    )
  }
}

function attempt<T>(work: () => T, problem: string): T {
  try {
    return work()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException // as node:crypto throws
    throw new Error(code ? `${problem} (${code})` : problem, { cause })
  }
}

const LOOK_EVERY_MS = 60_000

export interface CertificateWatch {
  /** Once now, for who does not want to wait. */
  look(): void
  stop(): void
}

/** Calls `renew` with what is in the files whenever they were changed; what cannot be used is logged and left. */
export function watchCertificate(
  files: CertificateFiles,
  log: Logger,
  renew: (certificate: Certificate) => void,
): CertificateWatch {
  let used = stateOf(files)
  let complained = ''
  const look = () => {
    const state = stateOf(files)
    if (state === used) return
    try {
      const certificate = readCertificate(files)
      renew(certificate)
      used = state
      log.info({ valid_until: certificate.validUntil }, 'certificate renewed')
    } catch (error) {
      // The two are not written at the same time: the next look may find them to fit.
      if (state !== complained) log.error({ err: error }, 'new certificate not taken, the old one stays')
      complained = state
    }
  }
  // Looked at, not listened to: what tells of changes does not see through links, which is how certificates are renewed.
  const timer = setInterval(look, LOOK_EVERY_MS).unref()
  return { look, stop: () => clearInterval(timer) }
}

function stateOf({ TLS_CERT, TLS_KEY }: CertificateFiles): string {
  const parts = [TLS_CERT, TLS_KEY].map((path) => {
    const { mtimeMs, size, ino } = statSync(path, { throwIfNoEntry: false }) ?? {}
    return `${mtimeMs} ${size} ${ino}`
  })
  return parts.join(', ')
}
