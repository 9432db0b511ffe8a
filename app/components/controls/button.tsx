import type { ComponentProps, ReactNode } from 'react'

type Look = 'primary' | 'plain' | 'quiet' | 'danger'

interface Props extends ComponentProps<'button'> {
  look?: Look
}

export function Button({ look = 'plain', type = 'button', ...rest }: Props) {
  return <button {...rest} type={type} className="button" data-look={look} />
}

interface IconButtonProps extends Omit<ComponentProps<'button'>, 'aria-label' | 'title' | 'children'> {
  label: string
  children: ReactNode
}

/** An icon alone: its name is read by screen readers and shown on hover. */
export function IconButton({ label, children, type = 'button', className, ...rest }: IconButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      aria-label={label}
      title={label}
      className={className ? `icon-button ${className}` : 'icon-button'}
    >
      {children}
    </button>
  )
}
