/**
 * The name itself, or the name with the first free suffix `_2`, `_3` ...; records what it returns.
 *
 * @param name The name wished for.
 * @param taken The names in use; the returned name joins them.
 */
export function uniqueName(name: string, taken: Set<string>): string {
  let unique = name;
  for (let n = 2; taken.has(unique); n++) unique = `${name}_${n}`;
  taken.add(unique);
  return unique;
}
