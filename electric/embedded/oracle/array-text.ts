type Elements = (string | null | Elements)[]

/** What Postgres's text of an array says: `{a,NULL,"b\"c",{…}}`. */
export function arrayOf(text: string): Elements {
  const tokens = text.match(/[{},]|"(?:[^"\\]|\\.)*"|[^{},"]+/gsu) ?? []
  let at = 0
  const read = (): Elements => {
    const elements: Elements = []
    for (at++; tokens[at] !== '}' && at < tokens.length; at++) {
      const token = tokens[at] ?? ''
      if (token === '{') elements.push(read())
      else if (token !== ',') elements.push(element(token))
    }
    return elements
  }
  return read()
}

function element(token: string): string | null {
  if (token.startsWith('"')) return token.slice(1, -1).replaceAll(/\\(.)/gsu, '$1')
  return token === 'NULL' ? null : token
}
