/** Versions are told as people count them, the oldest first. */
export function versionText(version: string, known: Record<string, unknown>[] | undefined): string {
  const ordered = [...(known ?? [])].sort((a, b) => String(a.createdAt).localeCompare(String(b.createdAt)));
  const at = ordered.findIndex((each) => each.version === version);
  return at < 0 ? `version ${version.slice(0, 8)}` : `version ${at + 1} of ${ordered.length}`;
}
