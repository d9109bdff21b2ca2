/**
 * Takes the power from a line of text: the runner of GitHub Actions obeys one that begins with `::`, and
 * one that has `##[` anywhere in it, and a layer may have any name.
 */
export function defuse(line: string): string {
  return line.replace(/^(\s*):(?=:)/, "$1\\x3a").replaceAll("##[", "##\\x5b");
}
