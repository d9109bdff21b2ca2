import { type ByteSource, byteSource } from "../files/byte_source.ts";
import { openRemote, type RemoteAccess, remoteText } from "../files/remote/open_remote.ts";
import { ForbiddenError } from "../files/remote/range_client.ts";
import { readUserText } from "../files/user_file.ts";
import { isIndexFile, isJsonFile } from "../core/model/loaded_model.ts";
import { ModelError } from "../core/model/model_error.ts";
import { fileRefusal, refusal } from "../ground/words/input_error.ts";
import { anyOf, showValue } from "../ground/words/show_value.ts";
import { builtin } from "../platform/builtins.ts";
import { host } from "../platform/host.ts";
import { isFileProblem } from "../platform/file_problems.ts";

/** File of weights, on this machine or on a server. */
export interface WeightsPlace {
  /** Its name, whose ending tells its kind. */
  name: string;
  /** Path of it on this machine; `null` if it is on a server. */
  path: string | null;
  /**
   * Opens it; returns `null` if it is missing.
   *
   * @throws {ModelError} If it cannot be read.
   */
  open(): Promise<ByteSource | null>;
  /** Reads it as a text. */
  text(): Promise<string>;
  /** Reads a text that need not be there: `null` if it is missing, or unreadable. */
  optionalText(): Promise<string | null>;
  /** Returns the file of another name beside it. */
  beside(name: string): WeightsPlace;
  /** Notes on how it was read, a sentence each. */
  notes: ReadonlySet<string>;
}

/** Returns the place of a file on this machine. */
export function localPlace(path: string): WeightsPlace {
  return {
    name: builtin("path").basename(path),
    path,
    notes: new Set(),
    beside: (name) => localPlace(builtin("path").join(builtin("path").dirname(path), name)),
    text: () => readUserText(path),
    async open() {
      try {
        return await byteSource(path);
      } catch (error) {
        if (isFileProblem(error, "NotFound")) return null;
        throw new ModelError(fileRefusal(error), { cause: error });
      }
    },
    async optionalText() {
      // Ask for no permission to read a file that may be missing.
      if (host.permissions.querySync({ name: "read", path }).state !== "granted") return null;
      return await readUserText(path).catch(() => null);
    },
  };
}

/** Files with all weights of a model of Hugging Face, preferred first. */
const HUGGING_FACE = [
  "model.safetensors.index.json",
  "model.safetensors",
  "pytorch_model.bin.index.json",
  "pytorch_model.bin",
];

const ENDPOINT = "https://huggingface.co";

/** Returns an address without its query and fragment, which may hold a secret. */
export const withoutQuery = (path: string): string => path.replace(/[?#].*$/s, "");

/**
 * Finds weights on a server.
 *
 * @param path An address, or the name of a model of Hugging Face.
 * @param cache Folder that keeps what is read.
 * @throws {ModelError} If the server has none, or does not give them.
 */
export async function findRemote(path: string, cache: string | null): Promise<WeightsPlace> {
  const access: RemoteAccess = { cache, notes: new Set() };
  if (/^hf:/i.test(path)) return await findHuggingFace(path, access);
  const url = URL.parse(path);
  const name = url?.pathname.split("/").at(-1) ?? "";
  if (url === null || name === "") {
    throw new ModelError(
      refusal`The address is ${showValue(withoutQuery(path))}, expected that of a file of weights`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new ModelError({
      place: "The address",
      verb: "has",
      found: "a password",
      expected: "none",
      hint: ": it would be shown",
    });
  }
  if (isJsonFile(name) || name.includes("*")) {
    throw new ModelError(
      refusal`The address names ${
        showValue(name)
      }, expected a file of weights or the index of shards`,
    );
  }
  const place = remotePlace(url.href, access);
  if (isIndexFile(name)) return place;
  const { source } = await openRemote(url.href, access);
  return { ...place, open: () => Promise.resolve(source) };
}

function remotePlace(url: string, access: RemoteAccess): WeightsPlace {
  const { pathname } = new URL(url);
  return {
    name: pathname.split("/").at(-1)!,
    path: null,
    notes: access.notes,
    // A query, such as a signature, is that of one file.
    beside: (name) => remotePlace(new URL(encodeURIComponent(name), url).href, access),
    open: () => orMissing(async () => (await openRemote(url, access)).source),
    async text() {
      const text = await remoteText(url, access);
      if (text !== null) return text;
      throw new ModelError(`${new URL(url).host} has no such file (404)`);
    },
    async optionalText() {
      try {
        return await remoteText(url, access);
      } catch (error) {
        // Some servers forbid what is missing.
        if (error instanceof ForbiddenError) return null;
        throw error;
      }
    },
  };
}

/** Returns `null` for a file that is missing. */
async function orMissing(open: () => Promise<ByteSource>): Promise<ByteSource | null> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof ForbiddenError && error.status === 404) return null;
    throw error;
  }
}

/** Finds the weights of a model of Hugging Face, and pins the commit that has them. */
async function findHuggingFace(path: string, access: RemoteAccess): Promise<WeightsPlace> {
  const [, repository, revision = "main"] = /^hf:([\w.-]+\/[\w.-]+)(?:@([\w./-]+))?$/i.exec(path) ??
    [];
  if (repository === undefined) {
    throw new ModelError(
      refusal`The model is ${showValue(path)}, expected hf:org/name or hf:org/name@revision`,
    );
  }
  const endpoint = (variable("HF_ENDPOINT") ?? ENDPOINT).replace(/\/+$/, "");
  const base = URL.parse(endpoint);
  if (base === null || !/^https?:$/.test(base.protocol)) {
    throw new ModelError(refusal`HF_ENDPOINT is ${showValue(endpoint)}, expected an address`);
  }
  const secret = variable("HF_TOKEN");
  const own: RemoteAccess = {
    ...access,
    token: secret === null ? null : { origin: base.origin, value: secret },
  };
  const urlOf = (commit: string, file: string) =>
    `${endpoint}/${repository}/resolve/${encodeURIComponent(commit)}/${file}`;
  for (const file of HUGGING_FACE) {
    try {
      const { source, commit } = await openRemote(urlOf(revision, file), own);
      if (commit !== null) access.notes.add(`Revision ${commit}.`);
      const place = remotePlace(urlOf(commit ?? revision, file), own);
      return isIndexFile(file) ? place : { ...place, open: () => Promise.resolve(source) };
    } catch (error) {
      if (!(error instanceof ForbiddenError)) throw error;
      if (error.status === 401 || error.status === 403) {
        throw new ModelError(`${error.message}${tokenHint(secret)}`);
      }
    }
  }
  throw new ModelError({
    place: base.host,
    verb: "has",
    found: `no weights of ${repository} at ${revision}`,
    expected: anyOf(HUGGING_FACE),
  });
}

/** Returns a variable of the environment; `null` if it is not set or unreadable. */
function variable(name: string): string | null {
  const { state } = host.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? host.env.get(name) || null : null;
}

/** Returns advice if a model is private, gated or missing, which look the same. */
function tokenHint(secret: string | null): string {
  if (secret !== null) return ": there is no such model, or the token in HF_TOKEN may not read it";
  return ": there is no such model, or it needs a token: set HF_TOKEN, and allow it with " +
    "--allow-env=HF_TOKEN";
}
