import { Dialog } from '../controls/dialog.tsx'

const groups: { title: string; keys: [keys: string[], does: string][] }[] = [
  {
    title: 'Anywhere',
    keys: [
      [['Ctrl', 'K'], 'Search the session (⌘ K on a Mac)'],
      [['/'], 'Search the session'],
      [['Alt', '↑'], 'Previous thread'],
      [['Alt', '↓'], 'Next thread'],
      [['Alt', 'N'], 'New thread'],
      [['Alt', 'Shift', 'N'], 'New session'],
      [['Alt', 'M'], 'People of the session'],
      [['C'], 'Go to the message box'],
      [['?'], 'This list'],
    ],
  },
  {
    title: 'Writing',
    keys: [
      [['Enter'], 'Send'],
      [['Shift', 'Enter'], 'New line'],
      [['@'], 'Mention a member; ↑ ↓ choose, Enter or Tab takes'],
      [['↑'], 'In an empty box: edit your last message'],
      [['Esc'], 'Leave the editing or close what is open'],
    ],
  },
]

interface Props {
  open: boolean
  onOpenChange: (open: boolean) => void
}

export function ShortcutsDialog({ open, onOpenChange }: Props) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Keyboard shortcuts">
      {groups.map(({ title, keys }) => (
        <section key={title} className="shortcuts">
          <h3>{title}</h3>
          <dl>
            {keys.map(([combination, does]) => (
              <div key={combination.join()}>
                <dt>{does}</dt>
                <dd>
                  {combination.map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  )
}
