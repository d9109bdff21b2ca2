import { unexpected } from "../../model/model_error.ts";
import type { Setting } from "../../traits/setting.ts";

/**
 * Rejects a value that a setting does not take.
 *
 * @param value The value, `undefined` if there is none.
 */
export function requireSetting(setting: Setting, value: unknown, place: string): void {
  const { is, items, required, what } = setting;
  if ((value === undefined || value === null) && !required || is?.(value)) return;
  const isList = items !== undefined && Array.isArray(value) && value.length > 0 &&
    (items.count === null || items.count === value.length);
  if (!isList) throw unexpected(place, value, what);
  value.forEach((item, i) => {
    requireSetting({ ...items.each, required: true }, item, `${place}[${i}]`);
  });
}
