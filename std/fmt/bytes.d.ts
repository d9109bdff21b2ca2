/** Options of `format`. */
export interface FormatOptions {
  binary?: boolean;
  minimumFractionDigits?: number;
  maximumFractionDigits?: number;
}
export function format(num: number, options?: FormatOptions): string;
