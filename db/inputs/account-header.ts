/**
 * Names the account that a page belongs to. The cookie belongs to the whole browser: another tab may have signed in as
 * somebody else meanwhile, and what one person wrote must not be sent, nor rows read, as another.
 */
export const ACCOUNT_HEADER = 'x-throughline-account'
