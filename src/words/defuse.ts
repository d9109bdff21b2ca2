/**
 * Disarms a line of text. The runner of GitHub Actions obeys lines that begin with `::` or contain
 * `##[`, and a layer can have any name.
 */
export function defuse(line: string): string {
  return line.replace(/^(\s*):(?=:)/, "$1\\x3a").replaceAll("##[", "##\\x5b");
}
