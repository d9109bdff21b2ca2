/** Names of what can go wrong with a file, as Deno has them, and the codes of Node. */
const CODES = {
  NotFound: "ENOENT",
  IsADirectory: "EISDIR",
  NotADirectory: "ENOTDIR",
  AlreadyExists: "EEXIST",
  PermissionDenied: "EACCES",
  /** The runtime was not given the permission. */
  NotCapable: "ERR_ACCESS_DENIED",
  BrokenPipe: "EPIPE",
} as const;

/** Name of what can go wrong with a file. */
export type FileProblem = keyof typeof CODES;

/** Returns true if an error says that one of these went wrong with a file. */
export function isFileProblem(error: unknown, ...problems: FileProblem[]): boolean {
  if (!(error instanceof Error)) return false;
  const { name, code } = error as Error & { code?: unknown };
  return problems.some((problem) => name === problem || code === CODES[problem]);
}

/** Makes the error that a runtime throws: of Deno's own class on Deno. */
export function fileProblem(problem: FileProblem, message = ""): Error {
  const { Deno } = globalThis as unknown as {
    Deno?: { errors: Record<FileProblem, new (message: string) => Error> };
  };
  if (Deno !== undefined) return new Deno.errors[problem](message);
  return Object.assign(new Error(message), { name: problem, code: CODES[problem] });
}
