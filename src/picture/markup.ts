/** A piece of HTML or SVG that can be inserted into a page without escaping. */
export class Markup {
  /** Source text. */
  readonly source: string;

  /** @param source Markup of this program, never a name or a text from a model. */
  constructor(source: string) {
    this.source = source;
  }
}

/**
 * Value in a template: strings are escaped, markup is not, and the items of a list are
 * concatenated.
 */
export type Content = string | number | Markup | null | readonly Content[];

/** Empty markup. */
export const NOTHING = new Markup("");

/**
 * Creates markup from a template. A line break and the indentation after it become one line break.
 * It is not called `html`, because a formatter would then change its white space.
 */
export function markup(texts: TemplateStringsArray, ...values: Content[]): Markup {
  return new Markup(texts.reduce((source, text, index) => {
    const written = text.replaceAll(/\n\s*/g, "\n");
    return source + written + (index < values.length ? sourceOf(values[index]) : "");
  }, ""));
}

/** Escapes a text for HTML and XML, also in an attribute. */
export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function sourceOf(value: Content): string {
  if (value === null) return "";
  if (value instanceof Markup) return value.source;
  if (typeof value === "object") return value.map(sourceOf).join("");
  return escapeMarkup(String(value));
}
