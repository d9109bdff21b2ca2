/** `1 pass`, `1,000 passes`. */
export function countPasses(count: number): string {
  return `${count.toLocaleString("en-US")} pass${count === 1 ? "" : "es"}`;
}
