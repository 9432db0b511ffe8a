/** What makes a link work; it never goes to the server, which gets the hash. */
export interface InvitationSecret {
  token: string
  token_hash: string
}

/** 32 random bytes in base64url, and the SHA-256 of that text in hex. */
export async function createInvitationSecret(): Promise<InvitationSecret> {
  const token = base64url(crypto.getRandomValues(new Uint8Array(32)))
  return { token, token_hash: await sha256(token) }
}

/** In the fragment, which browsers send to no server and no log keeps. */
export function invitationLink(origin: string, token: string): string {
  return `${origin}/join#${token}`
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
