import { type ComponentProps, type Ref, useImperativeHandle, useLayoutEffect, useRef } from 'react'

interface Props extends Omit<ComponentProps<'textarea'>, 'ref' | 'value'> {
  value: string
  ref?: Ref<HTMLTextAreaElement>
}

/** A text area as tall as its text; the style sheet sets its limit. */
export function GrowingTextArea({ ref, value, ...rest }: Props) {
  const area = useRef<HTMLTextAreaElement>(null)
  useImperativeHandle(ref, () => area.current as HTMLTextAreaElement) // set before handles are made
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text.
  useLayoutEffect(() => {
    const element = area.current
    if (!element || CSS.supports('field-sizing', 'content')) return
    element.style.height = 'auto'
    element.style.height = `${element.scrollHeight}px`
  }, [value])
  return <textarea {...rest} ref={area} value={value} rows={1} />
}
