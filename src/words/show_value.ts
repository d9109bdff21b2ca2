/** A piece of JSON in a few words, for an error message. */
export function showValue(value: unknown): string {
  if (Array.isArray(value)) {
    return value.length === 1 ? "an array of 1 item" : `an array of ${value.length} items`;
  }
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value !== "string") return `${value}`;
  const [...letters] = value;
  return JSON.stringify(letters.length > 40 ? letters.slice(0, 40).join("") + "..." : value);
}
