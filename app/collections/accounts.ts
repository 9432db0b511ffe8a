import type { Account } from '#db/schema/accounts.ts'
import type { Binding } from '../sync/synced-collection.ts'
import { type Effects, edit } from './effects.ts'

export const accounts: Binding<Account> = { shape: 'accounts', key: ({ id }) => id }

export const accountEffects: Effects<'accounts.rename'> = {
  'accounts.rename': (view, { display_name }) => edit(view.account, view.accountId, { display_name }),
}
