import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exportJWK, generateKeyPair } from 'jose'

export interface Secrets {
  /** Of the owner role of the embedded PostgreSQL. */
  database_password: string
  electric_secret: string
  auth_secret: string
  /** Private EC P-256 JWK as JSON. */
  shape_token_key: string
}

/** The secrets of a data folder, generated on first use: no default exists anywhere. */
export async function loadSecrets(dataDir: string): Promise<Secrets> {
  const file = join(dataDir, 'secrets.json')
  const present = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (present !== null) return JSON.parse(present) as Secrets // written below, by nobody else
  const secrets = await generateSecrets()
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  // Moved into place whole: a start killed in between must not leave half a file that locks everybody out.
  await writeFile(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
  return secrets
}

async function generateSecrets(): Promise<Secrets> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return {
    database_password: randomBytes(24).toString('base64url'),
    electric_secret: randomBytes(32).toString('base64url'),
    auth_secret: randomBytes(32).toString('base64url'),
    shape_token_key: JSON.stringify(await exportJWK(privateKey)),
  }
}
