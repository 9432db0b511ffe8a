/** A line that runs through three stations: the mark of the product. */
export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path
        d="M2 17c5 0 5-10 10-10s5 10 10 10"
        fill="none"
        stroke="currentColor"
        strokeWidth="2.25"
        strokeLinecap="round"
      />
      <circle cx="12" cy="7" r="3" className="logo-station" />
    </svg>
  )
}
