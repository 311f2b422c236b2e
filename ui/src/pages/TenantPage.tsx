import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { useSearchParams } from "wouter";
import { ApiError, api } from "../api";
import { useNews } from "../events";
import { counted, shown, words } from "../format";
import { Dialog } from "../parts/Dialog";
import { Empty, Fault, Loading } from "../parts/states";
import { useRows } from "../parts/useRows";
import { useSettled } from "../parts/useSettled";

/** The emulated tenant: what runs wrote to lists, mailboxes, channels and tables. */
export function TenantPage() {
  const [query, setQuery] = useSearchParams();
  const client = useQueryClient();
  const tenant = useQuery({ queryKey: ["tenant"], queryFn: api.tenant });
  const refresh = useSettled(() => client.invalidateQueries({ queryKey: ["tenant"] }), 800);
  useNews({}, (news) => news.kind === "action" && refresh(), refresh);
  const list = useRows();
  if (tenant.isPending) return <Loading />;
  if (tenant.isError) {
    if (tenant.error instanceof ApiError && tenant.error.status === 404)
      return (
        <Empty title="No tenant is emulated here">
          Start the server without <code>--no-tenant</code>; <code>--tenant FILE</code> fills it with rows.
        </Empty>
      );
    return <Fault error={tenant.error} again={() => void tenant.refetch()} />;
  }
  const services = Object.entries(tenant.data.rows)
    .map(([service, tables]) => ({ service, tables: Object.entries(tables).filter(([table]) => !table.startsWith("$")) }))
    .filter(({ tables }) => tables.length > 0)
    .sort((a, b) => rank(a.service) - rank(b.service));
  const places = services.flatMap(({ service, tables }) => tables.map(([table, count]) => ({ service, table, count })));
  const at = places.find((place) => place.service === query.get("service") && place.table === query.get("table")) ?? places.find((place) => place.count > 0 && !place.table.startsWith("files|")) ?? places.find((place) => place.count > 0);
  const calls = Object.entries(tenant.data.calls).sort((a, b) => b[1] - a[1]);
  return (
    <div className="tenant fill">
      <aside ref={list} aria-label="Tables">
        <h1>Tenant</h1>
        {places.length === 0 && <p className="dim">Nothing has been written yet. Run a flow that calls a connector, or start the server with --tenant FILE.</p>}
        {services.map(({ service, tables }) => (
          <section key={service}>
            <h2>{NAMES[service] ?? words(service)}</h2>
            {tables.map(([table, count]) => (
              <button
                type="button"
                key={table}
                data-row
                aria-current={at?.service === service && at.table === table ? "true" : undefined}
                onClick={() => setQuery({ service, table }, { replace: true })}
                title={table}
              >
                <span className="cut">{title(table)}</span> <span className="dim">{count}</span>
              </button>
            ))}
          </section>
        ))}
        {calls.length > 0 && (
          <section>
            <h2>Calls served</h2>
            <dl className="calls">
              {calls.slice(0, 40).map(([name, count]) => (
                <div key={name}>
                  <dt className="cut" title={name}>{name}</dt>
                  <dd>{count}</dd>
                </div>
              ))}
            </dl>
          </section>
        )}
      </aside>
      {at ? <Rows key={`${at.service}/${at.table}`} service={at.service} table={at.table} /> : <Empty title="No rows yet" />}
    </div>
  );
}

/** As people call the services. */
const NAMES: Record<string, string> = {
  sharepointonline: "SharePoint",
  office365: "Outlook",
  teams: "Teams",
  dataverse: "Dataverse",
  sql: "SQL Server",
  approvals: "Approvals",
  azuread: "Entra ID",
  http: "HTTP",
};

const BEFORE = ["sharepointonline", "office365", "teams", "dataverse", "sql"];
const rank = (service: string) => (BEFORE.includes(service) ? BEFORE.indexOf(service) : BEFORE.length);

/** The last part of a table's key is what people call it. */
function title(table: string): string {
  const name = table.split(/[/|]/).at(-1) || table;
  return table.startsWith("files|") ? `Files of ${name}` : name;
}

function Rows({ service, table }: { service: string; table: string }) {
  const found = useQuery({ queryKey: ["tenant", service, table], queryFn: () => api.tenantRows(service, table) });
  const [open, setOpen] = useState<Record<string, unknown> | null>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const rows = found.data?.rows ?? [];
  const columns = useMemo(() => columnsOf(rows), [rows]);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => 37, overscan: 15 });
  const move = useRows();
  const widths = useMemo(() => columns.map((column) => widthOf(column, rows)), [columns, rows]);
  const grid = { gridTemplateColumns: widths.map((width) => `minmax(${width}px, ${width}fr)`).join(" "), minWidth: widths.reduce((sum, width) => sum + width + 14, 26) };
  return (
    <section className="rows-of fill" aria-label={table}>
      <header className="row">
        <h2>{title(table)}</h2>
        <span className="dim">{NAMES[service] ?? service}</span>
        <span className="dim">{counted(rows.length, "row")}</span>
      </header>
      {found.isPending ? (
        <Loading />
      ) : found.isError ? (
        <Fault error={found.error} again={() => void found.refetch()} />
      ) : rows.length === 0 ? (
        <Empty title="This table is empty" />
      ) : (
        <div ref={scroller} className="grid" role="table" aria-label={title(table)} aria-rowcount={rows.length}>
          <div role="rowgroup" className="grid-head">
            <div role="row" style={grid}>
              {columns.map((column) => (
                <span role="columnheader" key={column} className="cut">
                  {column}
                </span>
              ))}
            </div>
          </div>
          <div role="rowgroup" ref={move} style={{ height: virtual.getTotalSize(), position: "relative" }}>
            {virtual.getVirtualItems().map((item) => {
              const row = rows[item.index] as Record<string, unknown>;
              return (
                <div role="row" key={item.index} style={{ ...grid, transform: `translateY(${item.start}px)` }}>
                  {columns.map((column, index) => (
                    <span role="cell" key={column} className="cut">
                      {index === 0 ? (
                        <button type="button" className="link" data-row onClick={() => setOpen(row)}>
                          {cell(row[column]) || "(open)"}
                        </button>
                      ) : (
                        cell(row[column])
                      )}
                    </span>
                  ))}
                </div>
              );
            })}
          </div>
        </div>
      )}
      {open && (
        <Dialog title="Row" close={() => setOpen(null)}>
          <pre className="value" tabIndex={0}>
            {shown(open)}
          </pre>
        </Dialog>
      )}
    </section>
  );
}

const FIRST = ["path", "subject", "title", "name", "displayname", "to", "status"];
const LAST = ["guid", "etag", "mailbox", "folder", "created", "modified", "author", "editor"];
const LONG = 8;

/** At most nine columns: telling names first, then those with plain values. */
export function columnsOf(rows: Record<string, unknown>[]): string[] {
  const counts = new Map<string, number>();
  for (const row of rows.slice(0, 50))
    for (const [name, value] of Object.entries(row)) {
      const weight = /^[@_$]/.test(name) ? 0 : value !== null && typeof value === "object" ? 0.3 : value === null || value === "" ? 0.1 : 1;
      counts.set(name, (counts.get(name) ?? 0) + weight);
    }
  const rank = (name: string) => {
    // A number that people know a row by comes first, one that only machines know last.
    if (name.toLowerCase() === "id") return rows.some((row) => String(row[name] ?? "").length > LONG) ? FIRST.length + 1 : -1;
    const at = FIRST.indexOf(name.toLowerCase());
    return at < 0 ? FIRST.length + (LAST.includes(name.toLowerCase()) ? 1 : 0) : at;
  };
  const kept = [...counts].filter(([, count]) => count > 0).sort((a, b) => rank(a[0]) - rank(b[0]) || b[1] - a[1]);
  return kept.slice(0, 9).map(([name]) => name);
}

/** The width of a column in pixels: as its first values ask, within bounds. */
export function widthOf(column: string, rows: Record<string, unknown>[]): number {
  const longest = Math.max(column.length, ...rows.slice(0, 30).map((row) => cell(row[column]).length));
  return Math.max(70, Math.min(260, longest * 8));
}

const MOMENT = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)[\d.]*Z?$/;

/** A value in one line: moments without their T, markup without its tags, lists by their members. */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(cell).join(", ");
  if (typeof value === "object") {
    const record = value as Record<string, unknown>;
    const told = record.Value ?? record.DisplayName ?? record.displayName ?? record.Email ?? record.address ?? record["$content-type"];
    return typeof told === "string" ? told : JSON.stringify(value);
  }
  const text = String(value);
  const moment = MOMENT.exec(text);
  if (moment) return `${moment[1]} ${moment[2]}`;
  return /^\s*</.test(text) ? text.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ").trim() : text;
}
