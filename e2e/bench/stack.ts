import { loadSecrets } from '#server/secrets.ts'
import { electricUrl, startStack as start } from '../stack.ts'

/** Everything that `npm start` starts, on a data folder of its own, with the addresses of its inner parts. */
export interface Stack {
  appUrl: string
  electricUrl: string
  electricSecret: string
  /** Connection string of the owner role. */
  databaseUrl: string
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
  TRUST_PROXY: '',
}

export async function startStack(): Promise<Stack> {
  const stack = await start({ env: AS_IT_COMES })
  const secrets = await loadSecrets(stack.dataDir)
  return {
    appUrl: `http://127.0.0.1:${stack.port}`,
    electricUrl: electricUrl(stack),
    electricSecret: secrets.electric_secret,
    databaseUrl: stack.ownerUrl,
    stop: stack.stop,
  }
}
