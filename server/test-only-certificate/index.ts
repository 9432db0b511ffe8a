import { join } from 'node:path'

// Two certificates for this machine's own names, each with its key, both public: nobody but a test may trust them.

const path = (name: string) => join(import.meta.dirname, name)

export const FIRST = { cert: path('first.cert.pem'), key: path('first.key.pem') }
export const RENEWED = { cert: path('renewed.cert.pem'), key: path('renewed.key.pem') }
