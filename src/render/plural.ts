/** `1 layer`, `2 layers`, `4,021 parameters`; a noun may have a plural of its own. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  // `toLocaleString` takes 9 ms the first time: it loads the rules of all languages.
  const figure = String(count).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${figure} ${count === 1 ? noun : nouns}`;
}
