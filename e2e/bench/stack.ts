import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { roleUrl } from '#db/roles.ts'
import { loadSecrets } from '#server/secrets.ts'
import { electricUrl, startStack as start } from '../stack.ts'

/** Everything that `npm start` starts, on a data folder of its own, with the addresses of its inner parts. */
export interface Stack {
  electricUrl: string
  electricSecret: string
  /** A private key as JSON. */
  shapeTokenKey: string
  /** Connection string of the owner role. */
  databaseUrl: string
  /** What another app process on the same Postgres and Electric is started with. */
  appEnv: Record<string, string>
  stop(): Promise<unknown>
}

/** A person's own settings are for her own installation: empty ones count as absent, so everything is as it comes. */
const AS_IT_COMES = {
  DATABASE_URL: '',
  DATABASE_APP_PASSWORD: '',
  DATABASE_ELECTRIC_PASSWORD: '',
  ELECTRIC_URL: '',
  ELECTRIC_SECRET: '',
  HOST: '',
  LOG_LEVEL: '',
  PUBLIC_URL: '',
  TLS_CERT: '',
  TLS_KEY: '',
  TRUST_PROXY: '',
}

export async function startStack(): Promise<Stack> {
  const stack = await start({ env: AS_IT_COMES })
  const secrets = await loadSecrets(stack.dataDir)
  const { id } = JSON.parse(await readFile(resolve('dist', 'build.json'), 'utf8')) as { id: string }
  return {
    electricUrl: electricUrl(stack),
    electricSecret: secrets.electric_secret,
    shapeTokenKey: secrets.shape_token_key,
    databaseUrl: stack.ownerUrl,
    appEnv: {
      ...AS_IT_COMES,
      NODE_ENV: 'production',
      AUTH_MODE: 'local',
      DATABASE_URL: roleUrl(stack.ownerUrl, 'app'),
      ELECTRIC_URL: electricUrl(stack),
      ELECTRIC_SECRET: secrets.electric_secret,
      AUTH_SECRET: secrets.auth_secret,
      SHAPE_TOKEN_KEY: secrets.shape_token_key,
      BUILD_ID: id,
    },
    stop: stack.stop,
  }
}
