/** A line that runs through a point: the mark of the product. */
export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path
        d="M2.5 17.5c8 0 11-11 19-11"
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinecap="round"
      />
      <circle cx="12" cy="12" r="3.5" className="logo-station" />
    </svg>
  )
}
