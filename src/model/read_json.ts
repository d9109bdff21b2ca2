import { jsonFailure } from "../words/json_failure.ts";
import { failure } from "../words/failure.ts";

/**
 * Reads a text file. A byte order mark, which editors on Windows put at the beginning, is not part of the
 * text.
 *
 * @param path The file.
 */
export async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await Deno.readFile(path));
}

/** Formats of tables, what each is called, and what of it is an array of examples in Python. */
const FORMATS: readonly [pattern: RegExp, kind: string, array: string][] = [
  [/\.npy$/i, "NumPy", "numpy.load(path)"],
  [/\.npz$/i, "NumPy", "numpy.load(path)[name]"],
  [/\.[ct]sv$/i, "CSV", "pandas.read_csv(path).to_numpy()"],
];

/**
 * Reads a JSON file.
 *
 * @param path The file.
 * @param Unusable Class of the error if the file is missing or not JSON.
 */
export async function readJson(
  path: string,
  Unusable: new (message: string, options?: ErrorOptions) => Error,
): Promise<unknown> {
  let text: string;
  try {
    text = await readText(path);
  } catch (error) {
    throw new Unusable(`${path}: ${failure(error)}`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const format = FORMATS.find(([pattern]) => pattern.test(path));
    if (format !== undefined) {
      const [, kind, array] = format;
      throw new Unusable(
        `${path}: it is a ${kind} file, expected JSON: in Python, ` +
          `json.dump({"inputs": ${array}.tolist()}, file) writes it`,
        { cause: error },
      );
    }
    const what = jsonFailure(error);
    throw new Unusable(`${path}: the file is not valid JSON: ${what}`, { cause: error });
  }
}
