/**
 * Writes a share of a whole as a percentage of at most 4 characters. Only a share of exactly 0 or 1
 * is written `0%` or `100%`; whatever merely comes near is `<1%` or `>99%`.
 */
export function formatShare(share: number): string {
  if (!Number.isFinite(share)) return String(share);
  const percent = Math.round(share * 100);
  if (share > 0 && percent < 1) return "<1%";
  if (share < 1 && percent > 99) return ">99%";
  return `${percent}%`;
}
