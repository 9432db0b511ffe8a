import { BackupError } from './backup-error.ts'
import { openSession, type Session } from './session.ts'

/**
 * Drops the replication slots of Electric on the session's database: it must start anew, and a database that is set
 * aside must hold no WAL back.
 * @param electricUrl connection string of Electric's role, for an owner without REPLICATION.
 * @throws BackupError when Electric is connected.
 */
export async function dropElectricSlots(session: Session, electricUrl: string): Promise<void> {
  const slots = await session.query<{ slot_name: string; active: boolean }>(
    `select slot_name, active from pg_catalog.pg_replication_slots
     where database = current_database() and slot_name like 'electric\\_slot\\_%'`,
  )
  const active = slots.find((slot) => slot.active)
  if (active)
    throw new BackupError(`Electric still reads this database (slot ${active.slot_name}). Stop it first.`)
  for (const { slot_name } of slots) {
    await drop(session, slot_name).catch(async (error: Error & { code?: string }) => {
      if (error.code !== '42501') throw error
      await using electric = await openSession(electricUrl)
      await drop(electric, slot_name)
    })
  }
}

function drop(session: Session, slot: string): Promise<unknown> {
  return session.query('select pg_catalog.pg_drop_replication_slot($1)', [slot])
}
