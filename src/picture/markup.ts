/** A piece of HTML or SVG that may be put into a page as it is. */
export class Markup {
  /** Its source. */
  readonly source: string;

  /** @param source Markup that this program wrote, never a name or a text from a model. */
  constructor(source: string) {
    this.source = source;
  }
}

/** What a template may be filled with: texts are escaped, markup is not, and of a list each item is written. */
export type Content = string | number | Markup | null | readonly Content[];

/** No markup. */
export const NOTHING = new Markup("");

/**
 * A template of markup. A line break in it, with the indentation after it, is one line break. It is not called
 * `html`, since a formatter would take that for leave to change its white space.
 */
export function markup(texts: TemplateStringsArray, ...values: Content[]): Markup {
  return new Markup(texts.reduce((source, text, index) => {
    const written = text.replaceAll(/\n\s*/g, "\n");
    return source + written + (index < values.length ? sourceOf(values[index]) : "");
  }, ""));
}

/** Writes a text so that it stands for itself, also in an attribute and in XML. */
export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function sourceOf(value: Content): string {
  if (value === null) return "";
  if (value instanceof Markup) return value.source;
  if (typeof value === "object") return value.map(sourceOf).join("");
  return escapeMarkup(String(value));
}
