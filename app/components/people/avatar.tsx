import type { CSSProperties } from 'react'
import { hueOf, initials } from './identity.ts'

interface Props {
  id: string
  name: string
  size?: 'small' | 'medium'
}

/** Decoration: the name always stands beside it, so a screen reader skips it. */
export function Avatar({ id, name, size = 'medium' }: Props) {
  const style: CSSProperties & { '--hue': number } = { '--hue': hueOf(id) }
  return (
    <span className="avatar" data-size={size} style={style} aria-hidden="true">
      {initials(name)}
    </span>
  )
}
