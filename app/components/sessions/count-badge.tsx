/** How many are unread; nothing when none are. */
export function CountBadge({ count, label = 'unread' }: { count: number; label?: string }) {
  if (count <= 0) return null
  return (
    <span className="count-badge">
      <span aria-hidden="true">{count > 99 ? '99+' : count}</span>
      <span className="visually-hidden">
        {count} {label}
      </span>
    </span>
  )
}
