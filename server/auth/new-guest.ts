import { AsyncLocalStorage } from 'node:async_hooks'

export interface NewGuest {
  name: string
  account_id: string
}

/** The guest that this call asks for: the plugin's sign-in takes no argument. */
export const newGuest = new AsyncLocalStorage<NewGuest>()
