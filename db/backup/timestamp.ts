/** Of now, for names: `20261121_140533`, UTC. */
export function timestamp(now = new Date()): string {
  return now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_')
}
