import { accounts } from '#db/schema/accounts.ts'
import { defineShape } from './define.ts'

export const accountsShape = defineShape(
  accounts,
  'account',
  ['id', 'display_name', 'kind', 'created_at', 'updated_at'],
  'id',
)
