import { Logo } from '#app/components/sessions/logo.tsx'
import { TabTitle } from './tab-title.tsx'

export function HomeScreen() {
  return (
    <section className="pane home-pane" aria-label="Welcome">
      <TabTitle />
      <div className="empty centred">
        <Logo />
        <h2 className="empty-title">Pick up the thread</h2>
        <p>
          Open a session on the left, or begin one. Everything you see is live, and what you write is kept
          until it has arrived.
        </p>
        <p className="home-keys">
          <kbd>Alt</kbd> <kbd>Shift</kbd> <kbd>N</kbd> new session <span aria-hidden="true">·</span>{' '}
          <kbd>?</kbd> all shortcuts
        </p>
      </div>
    </section>
  )
}
