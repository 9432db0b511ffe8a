/** Why a backup or a restore stopped, in sentences that say what to do. */
export class BackupError extends Error {
  override name = 'BackupError'
}
