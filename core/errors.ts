import { withoutSecrets } from './without-secrets.ts';

/**
 * Every error that Sluice reports, in one place. `{name}` in a message is filled from the error's details.
 * A message says what is wrong and how to mend it. `docs/errors.md` is written from this list by
 * `npm run docs`, and a test fails when the two differ.
 */
interface ErrorKind {
  readonly en: string;
  readonly zh: string;
  /** Whether the same attempt may succeed later without anybody changing anything here. */
  readonly retryable: boolean;
  /** HTTP status, where it reaches an API client. */
  readonly http: number;
}

export const ERRORS = {
  // Configuration and start
  CONFIG_UNREADABLE: {
    en: 'cannot read the configuration {file}: {reason}. Check the path, given with --config or by the settings that name this file.',
    zh: '无法读取配置文件 {file}：{reason}。请检查路径（由 --config 或引用该文件的配置给出）。',
    retryable: false,
    http: 500,
  },
  CONFIG_INVALID: {
    en: 'the configuration is not valid:\n{problems}',
    zh: '配置无效：\n{problems}',
    retryable: false,
    http: 400,
  },
  SECRET_UNREADABLE: {
    en: 'cannot read the password or token in {file}: {reason}. Write it there, readable for this user only.',
    zh: '无法读取 {file} 中的密码或令牌：{reason}。请将其写入该文件，并仅允许本用户读取。',
    retryable: false,
    http: 500,
  },
  OPTION_INVALID: {
    en: 'unknown or incomplete option: {problem}. Options: {known}',
    zh: '未知或不完整的选项：{problem}。可用选项：{known}',
    retryable: false,
    http: 400,
  },
  DATA_FOLDER_UNUSABLE: {
    en: 'cannot write in the data folder {folder}: {reason}. Give this user write access, or choose another folder with --data.',
    zh: '无法写入数据目录 {folder}：{reason}。请授予写权限，或用 --data 指定其他目录。',
    retryable: true,
    http: 503,
  },
  DATA_FOLDER_IN_USE: {
    en: 'the data folder {folder} is in use by process {pid}. Stop that process, or choose another folder with --data.',
    zh: '数据目录 {folder} 正被进程 {pid} 使用。请先停止该进程，或用 --data 指定其他目录。',
    retryable: true,
    http: 503,
  },
  PORT_TAKEN: {
    en: '{what} cannot listen on {address}: another program uses that port. Stop it, or set another port at {setting}.',
    zh: '{what} 无法监听 {address}：端口已被其他程序占用。请停止该程序，或在 {setting} 中改用其他端口。',
    retryable: true,
    http: 503,
  },
  SOCKET_UNAVAILABLE: {
    en: 'cannot open a UDP socket at {address}: {reason}. Correct the address or port, or stop what uses it; EMFILE: allow this program more open files (LimitNOFILE).',
    zh: '无法在 {address} 打开 UDP 套接字：{reason}。请更正地址或端口，或停止占用它的程序；EMFILE：请提高本程序的打开文件数上限（LimitNOFILE）。',
    retryable: true,
    http: 503,
  },
  LINKS_NOT_PROBED: {
    en: '{count} of the links are not probed, for one {link}: {reason}. Correct its address, port or route.',
    zh: '有 {count} 条链路未被探测，例如 {link}：{reason}。请更正其地址、端口或路由。',
    retryable: true,
    http: 503,
  },
  LINKS_THREAD_FAILED: {
    en: 'the thread that probes links has failed: {reason}. It is started anew; records that were open are lost. If it stays so, set loop: dgram.',
    zh: '链路探测线程出错：{reason}。线程将重新启动，未关闭的记录已丢失。若持续出错，请设置 loop: dgram。',
    retryable: true,
    http: 503,
  },
  LISTEN_FAILED: {
    en: '{what} cannot listen on {address}: {reason}. Correct {setting}.',
    zh: '{what} 无法监听 {address}：{reason}。请修改 {setting}。',
    retryable: true,
    http: 503,
  },
  LISTEN_WITHOUT_CREDENTIALS: {
    en: '{what} would listen on {address}, which other machines can reach, without credentials. Set {setting}, or listen on 127.0.0.1.',
    zh: '{what} 将在其他机器可访问的地址 {address} 上监听，但没有设置凭据。请设置 {setting}，或改为监听 127.0.0.1。',
    retryable: false,
    http: 500,
  },

  // Names and values
  ID_INVALID: {
    en: '{kind} id "{value}" is not valid: use 1 to 64 of the characters A–Z a–z 0–9 _ -',
    zh: '{kind} 的标识 "{value}" 无效：只能使用 1 至 64 个字符 A–Z a–z 0–9 _ -',
    retryable: false,
    http: 400,
  },
  UNIT_UNCONVERTIBLE: {
    en: '{measurement}/{field} is kept in {unit}; a value in "{given}" cannot be converted',
    zh: '{measurement}/{field} 以 {unit} 存储；无法换算单位 "{given}"',
    retryable: false,
    http: 400,
  },
  UNIT_TOO_LONG: {
    en: 'the unit "{given}" of "{metric}" is left out: use at most {limit} characters',
    zh: '已略去 "{metric}" 的单位 "{given}"：最多 {limit} 个字符',
    retryable: false,
    http: 400,
  },
  VALUE_OUT_OF_RANGE: {
    en: '{measurement}/{field} = {value} {unit} is outside its possible range {min} to {max} {unit}',
    zh: '{measurement}/{field} = {value} {unit} 超出可能范围 {min} 至 {max} {unit}',
    retryable: false,
    http: 400,
  },
  VALUE_NOT_A_NUMBER: {
    en: '{measurement}/{field} needs a finite number, and got {value}',
    zh: '{measurement}/{field} 需要有限数值，收到的是 {value}',
    retryable: false,
    http: 400,
  },
  TIME_IMPOSSIBLE: {
    en: 'a value is stamped {time}, which cannot be right (before 2020, or more than {aheadS} s ahead of now). Set the clock of gateway {gateway}.',
    zh: '数值的时间戳 {time} 不可能正确（早于 2020 年，或超前当前时间 {aheadS} 秒以上）。请校准网关 {gateway} 的时钟。',
    retryable: false,
    http: 400,
  },

  // Zones
  ZONE_EXISTS: {
    en: 'there is a zone {site}/{zone} already. Change that one, or choose another id.',
    zh: '地块 {site}/{zone} 已存在。请修改该地块，或换一个标识。',
    retryable: false,
    http: 409,
  },
  ZONES_TOO_MANY: {
    en: '{limit} zones are known, and no more can be. Delete what is no longer in use.',
    zh: '地块数量已达上限 {limit}。请删除不再使用的地块。',
    retryable: false,
    http: 409,
  },
  ZONE_GEOMETRY_INVALID: {
    en: 'the outline of the zone cannot be used: {reason}.',
    zh: '地块边界不可用：{reason}。',
    retryable: false,
    http: 400,
  },
  GEOJSON_INVALID: {
    en: 'the GeoJSON cannot be used: {reason}.',
    zh: 'GeoJSON 不可用：{reason}。',
    retryable: false,
    http: 400,
  },
  ZONES_FILE_UNUSABLE: {
    en: 'the zones of {file} were not imported: {reason}. Correct the file and start again, or import it on the page Farm.',
    zh: '未导入 {file} 中的地块：{reason}。请更正该文件后重新启动，或在“农场”页面导入。',
    retryable: false,
    http: 500,
  },

  // Sparkplug
  TOPIC_INVALID: {
    en: 'topic "{topic}" is not a Sparkplug B topic: {reason}',
    zh: '主题 "{topic}" 不是有效的 Sparkplug B 主题：{reason}',
    retryable: false,
    http: 400,
  },
  PAYLOAD_INVALID: {
    en: 'a payload cannot be decoded: {reason} (at byte {offset} of {length})',
    zh: '无法解码负载：{reason}（共 {length} 字节，第 {offset} 字节处）',
    retryable: false,
    http: 400,
  },
  METRIC_UNKNOWN: {
    en: 'alias {alias} of {node} was not in its birth; a new birth has been asked for',
    zh: '{node} 的别名 {alias} 未在其出生消息中声明；已请求重新发送出生消息',
    retryable: false,
    http: 400,
  },
  ALIAS_AMBIGUOUS: {
    en: 'alias {alias} of {node} stands for more than one metric, so nothing says which of them a value belongs to. Give each metric its own alias.',
    zh: '{node} 的别名 {alias} 对应多个指标，无法判断数值属于哪一个。请为每个指标设置不同的别名。',
    retryable: false,
    http: 400,
  },
  METRIC_TYPE_UNSUPPORTED: {
    en: 'metric "{metric}" has the type {type}, which cannot be stored: send a number, a boolean or a string',
    zh: '指标 "{metric}" 的类型 {type} 无法存储：请发送数值、布尔值或字符串',
    retryable: false,
    http: 400,
  },
  SENDER_UNBORN: {
    en: '{sender} sent data before its birth, so nothing says what it means; a new birth has been asked for',
    zh: '{sender} 在出生消息之前发送了数据，无法解释其含义；已请求重新发送出生消息',
    retryable: false,
    http: 400,
  },
  VALUE_MISSING: {
    en: 'a metric came without a value, so there is nothing to store',
    zh: '收到的指标没有数值，无内容可存储',
    retryable: false,
    http: 400,
  },
  EVENT_INVALID: {
    en: 'gateway {gateway} sent an event that cannot be read: {shown}. Bring the gateway and this host to the same version.',
    zh: '网关 {gateway} 发送的事件无法识别：{shown}。请将网关与本主机升级到同一版本。',
    retryable: false,
    http: 400,
  },
  METRIC_NAME_INVALID: {
    en: 'metric name "{metric}" cannot be stored: use 1 to {limit} characters, and no control characters, nor any that turn the line round',
    zh: '指标名称 "{metric}" 无法存储：长度应为 1 至 {limit} 个字符，且不含不可见或会颠倒文字方向的字符',
    retryable: false,
    http: 400,
  },
  TEXT_TOO_LONG: {
    en: 'a text of {length} characters for "{metric}" cannot be stored: send at most {limit}',
    zh: '"{metric}" 的文本长度为 {length} 个字符，无法存储：最多 {limit} 个字符',
    retryable: false,
    http: 400,
  },
  GATEWAY_LIMIT: {
    en: 'gateway {gateway} is not taken in: {limit} gateways are known already. Raise session.maxGateways if they are real.',
    zh: '未接纳网关 {gateway}：已有 {limit} 个网关。如确属真实网关，请调高 session.maxGateways。',
    retryable: false,
    http: 503,
  },
  SERIES_LIMIT: {
    en: 'gateway {gateway} has {limit} series already, and gets no more. Raise pipeline.maxSeriesPerGateway if they are real.',
    zh: '网关 {gateway} 已有 {limit} 个序列，不再新增。如确属真实序列，请调高 pipeline.maxSeriesPerGateway。',
    retryable: false,
    http: 503,
  },
  RETAINED_UNTIMED: {
    en: 'the retained message on {topic} has records without a time, and nobody knows when they were measured. Publish it without the retain flag, or give each record its time.',
    zh: '{topic} 上的保留（retained）消息含有无时间的记录，无法得知测量时间。请取消 retain 标志后发布，或为每条记录给出时间。',
    retryable: false,
    http: 400,
  },
  SENML_REFUSED: {
    en: 'the MQTT broker at {url} does not let this host read senml/#: {reason}. Give its user that right, or set senml.enabled to false. Trying again by itself.',
    zh: 'MQTT 代理 {url} 不允许本主机读取 senml/#：{reason}。请为该用户授权，或将 senml.enabled 设为 false。系统将自动重试。',
    retryable: true,
    http: 503,
  },
  BROKER_UNAVAILABLE: {
    en: 'the MQTT broker at {url} cannot be reached: {reason}. Check that it runs, its address and the credentials. Trying again by itself.',
    zh: '无法连接 MQTT 代理 {url}：{reason}。请检查其是否运行、地址和凭据。系统将自动重试。',
    retryable: true,
    http: 503,
  },

  // The broker
  TLS_FILE_UNUSABLE: {
    en: '{file} cannot be used as {what}: {reason}. Correct the name in the settings, or put such a file there (npm run certs makes them).',
    zh: '{file} 不能用作{what}：{reason}。请修正配置中的文件名，或放入正确的文件（可用 npm run certs 生成）。',
    retryable: true,
    http: 503,
  },
  CERTIFICATE_NOT_VALID_NOW: {
    en: 'the certificate in {file} is valid from {from} to {to}, and not now. Renew it (npm run certs -- renew), or set the clock of this machine.',
    zh: '{file} 中的证书有效期为 {from} 至 {to}，当前无效。请续期（npm run certs -- renew），或校准本机时钟。',
    retryable: true,
    http: 503,
  },
  CERTIFICATE_KEY_MISMATCH: {
    en: 'the private key in {keyFile} does not belong to the certificate in {certFile}. Name the two files that were made together.',
    zh: '{keyFile} 中的私钥与 {certFile} 中的证书不匹配。请使用成对生成的两个文件。',
    retryable: true,
    http: 503,
  },
  CERTIFICATE_FOLDER: {
    en: '{problem}.',
    zh: '{problem}。',
    retryable: false,
    http: 409,
  },
  BROKER_SESSIONS_UNWRITABLE: {
    en: 'the broker cannot keep sessions and retained messages in {file}: {reason}. It goes on from memory: what waits for a sleeping client is lost if it ends now. Make room, or give this user write access. Trying again by itself.',
    zh: '代理无法将会话和保留消息写入 {file}：{reason}。现仅在内存中运行：若此时退出，等待离线客户端的消息将丢失。请清理空间或授予写权限。系统将自动重试。',
    retryable: true,
    http: 503,
  },
  BROKER_SESSIONS_UNREADABLE: {
    en: 'the broker cannot read its sessions and retained messages in {file}: {reason}. They were put aside as {aside}, and the broker starts with none; clients subscribe again when they connect.',
    zh: '代理无法读取 {file} 中的会话和保留消息：{reason}。该文件已另存为 {aside}，代理从空白状态启动；客户端连接后会重新订阅。',
    retryable: true,
    http: 503,
  },
  BROKER_USERS_UNUSABLE: {
    en: 'the changed users file cannot be used, and the users as they were before stay in force: {reason}',
    zh: '修改后的用户文件无法使用，仍沿用之前的用户：{reason}',
    retryable: true,
    http: 503,
  },
  BROKER_AUDIT_UNWRITABLE: {
    en: 'the broker cannot write its audit in {folder}: {reason}. {lost} entries are lost so far. Make room, or give this user write access. Trying again by itself.',
    zh: '代理无法在 {folder} 中写入审计记录：{reason}。已丢失 {lost} 条。请清理空间或授予写权限。系统将自动重试。',
    retryable: true,
    http: 503,
  },

  OUTBOX_UNWRITABLE: {
    en: 'the outbox cannot write in {folder}: {reason}. New readings are kept in memory, and lost if the gateway ends now. Make room, or give this user write access. Trying again by itself.',
    zh: '发件箱无法写入 {folder}：{reason}。新读数暂存于内存，若网关此时退出将会丢失。请清理空间或授予写权限。系统将自动重试。',
    retryable: true,
    http: 503,
  },
  LEDGER_UNCONFIRMED: {
    en: 'for {minutes} minutes no host has confirmed that it stored what this gateway sends. Check ingest and its store; for a host that is not Sluice set outbox.confirm to "sent".',
    zh: '已有 {minutes} 分钟没有主机确认存储了本网关发送的数据。请检查接收服务及其存储；如主机不是 Sluice，请将 outbox.confirm 设为 "sent"。',
    retryable: true,
    http: 503,
  },

  // Serial lines and Modbus
  SERIAL_UNAVAILABLE: {
    en: 'serial port {port} cannot be opened: {reason}. Check the cable, the name (ls /dev/tty*) and the group (dialout) of this user. Trying again by itself.',
    zh: '无法打开串口 {port}：{reason}。请检查线缆、端口名称（ls /dev/tty*）及本用户是否属于 dialout 组。系统将自动重试。',
    retryable: true,
    http: 503,
  },
  SERIAL_LOST: {
    en: 'serial port {port} went away: {reason}. Check the cable or adapter. Trying again by itself.',
    zh: '串口 {port} 已断开：{reason}。请检查线缆或适配器。系统将自动重试。',
    retryable: true,
    http: 503,
  },
  PSEUDO_TERMINAL_UNAVAILABLE: {
    en: 'the simulator cannot make a pseudo-terminal: {reason}. Check that /dev/ptmx and /dev/pts are there and not used up. Trying again by itself.',
    zh: '模拟器无法创建伪终端：{reason}。请检查 /dev/ptmx 和 /dev/pts 是否存在且未耗尽。系统将自动重试。',
    retryable: true,
    http: 503,
  },
  MODBUS_MESSAGE_INVALID: {
    en: 'a Modbus message cannot be used: {reason}',
    zh: 'Modbus 报文无法使用：{reason}',
    retryable: true,
    http: 502,
  },
  MODBUS_TIMEOUT: {
    en: 'unit {unit} on {bus} did not answer within {timeoutMs} ms. Check its power, address and wiring.',
    zh: '{bus} 上的从站 {unit} 在 {timeoutMs} 毫秒内没有应答。请检查电源、地址和接线。',
    retryable: true,
    http: 504,
  },
  MODBUS_BAD_FRAME: {
    en: 'unit {unit} on {bus} sent an answer that cannot be used: {reason}. Check termination, shielding and baud rate.',
    zh: '{bus} 上的从站 {unit} 返回了无法使用的应答：{reason}。请检查终端电阻、屏蔽和波特率。',
    retryable: true,
    http: 502,
  },
  MODBUS_UNREACHABLE: {
    en: 'the Modbus server or converter at {port} cannot be reached: {reason}. Check its address, its power and the network. Trying again by itself.',
    zh: '无法连接 {port} 处的 Modbus 服务器或转换器：{reason}。请检查地址、电源和网络。系统将自动重试。',
    retryable: true,
    http: 503,
  },
  MODBUS_DISCONNECTED: {
    en: 'the connection to the Modbus server or converter at {port} went away: {reason}. Check its power and the network. Trying again by itself.',
    zh: '与 {port} 处的 Modbus 服务器或转换器的连接已断开：{reason}。请检查电源和网络。系统将自动重试。',
    retryable: true,
    http: 503,
  },
  WRITE_IMPOSSIBLE: {
    en: '{value} cannot be written to {metric} of {device}: {reason}',
    zh: '无法将 {value} 写入 {device} 的 {metric}：{reason}',
    retryable: false,
    http: 400,
  },
  WRITE_NOT_TAKEN: {
    en: '{device} was told {value} for {metric} and holds {held}. Check whether it is in local or manual mode.',
    zh: '已向 {device} 的 {metric} 写入 {value}，但设备中的值是 {held}。请检查设备是否处于本地或手动模式。',
    retryable: true,
    http: 502,
  },
  WRITE_TOO_LATE: {
    en: 'a write to {target} waited until it was too late, and was not sent. The bus is busy or away; see its load and errors.',
    zh: '对 {target} 的写入因等待过久已过期，未发送。总线繁忙或不可用；请查看其负载和错误数。',
    retryable: true,
    http: 504,
  },
  MODBUS_EXCEPTION: {
    en: 'unit {unit} on {bus} refused function {function}: exception {exception} ({meaning}). Check the profile against the maker’s register list.',
    zh: '{bus} 上的从站 {unit} 拒绝了功能码 {function}：异常 {exception}（{meaning}）。请对照厂家寄存器表检查设备配置。',
    retryable: false,
    http: 502,
  },

  // Remote care of a gateway
  CARE_INVALID: {
    en: 'the care request cannot be read: {reason}',
    zh: '无法识别维护请求：{reason}',
    retryable: false,
    http: 400,
  },
  CARE_EXPIRED: {
    en: 'the care request arrived after its expiry, {expiry}, and was not carried out. Ask again; if this repeats, check the clocks.',
    zh: '维护请求在失效时间 {expiry} 之后到达，未执行。请重新发出；若反复出现，请检查时钟。',
    retryable: false,
    http: 409,
  },
  CARE_DISABLED: {
    en: 'this gateway takes no configuration over the network: care.remote is false in its settings. Change it there, at the gateway.',
    zh: '该网关不接受远程配置：其设置中 care.remote 为 false。请在网关本地修改。',
    retryable: false,
    http: 403,
  },
  CARE_BUSY: {
    en: 'another configuration is being tried on this gateway. Ask again in a minute.',
    zh: '该网关正在试用另一份配置。请一分钟后再试。',
    retryable: true,
    http: 409,
  },
  CARE_IDENTITY_FIXED: {
    en: 'site and gateway are {site}/{gateway} and cannot be changed over the network: everything recorded would change its name. Keep them, or change them at the gateway.',
    zh: '站点和网关标识为 {site}/{gateway}，不能远程更改，否则已有记录将全部改名。请保持不变，或在网关本地修改。',
    retryable: false,
    http: 409,
  },
  CARE_TRIAL_FAILED: {
    en: 'the new configuration did not come up within {trialS} s and was rolled back: {reason}',
    zh: '新配置未能在 {trialS} 秒内正常运行，已回滚：{reason}',
    retryable: false,
    http: 409,
  },
  CARE_CUT_SHORT: {
    en: 'the gateway went down before it had answered. It runs the configuration that it ran before; ask again.',
    zh: '网关在应答前停止。现仍使用之前的配置，请重新发出请求。',
    retryable: true,
    http: 409,
  },
  CARE_ANSWER_TOO_LONG: {
    en: 'the answer has {length} characters, and {limit} is the most that a gateway sends. Look at it at the gateway.',
    zh: '应答有 {length} 个字符，超过网关可发送的上限 {limit}。请在网关本地查看。',
    retryable: false,
    http: 409,
  },
  CARE_NOTHING_TO_ROLL_BACK: {
    en: 'there is no earlier configuration to go back to: the gateway runs the one of its own settings file.',
    zh: '没有可回滚的旧配置：网关正在使用其本地设置文件。',
    retryable: false,
    http: 409,
  },
  CARE_DEVICE_UNKNOWN: {
    en: 'the gateway has no device {device}. Its devices: {devices}',
    zh: '网关没有设备 {device}。现有设备：{devices}',
    retryable: false,
    http: 404,
  },

  // Probe
  PLAN_REFUSED: {
    en: 'the plan of links that the host sent is not taken: {reason}. The one before it stays in force.',
    zh: '未采用主机发来的链路计划：{reason}。此前的计划继续有效。',
    retryable: false,
    http: 409,
  },
  PROBE_DEVICE_UNKNOWN: {
    en: 'the settings have no device or driver "{device}". There are: {known}',
    zh: '配置中没有名为 "{device}" 的设备或驱动。现有：{known}',
    retryable: false,
    http: 404,
  },
  PROBE_LINE_IN_USE: {
    en: 'the gateway {gateway} is running (process {pid}) and talks on that line; two at once would take each other’s answers. Stop it for the probe, or let it probe by itself: send it the care request "probe" for {device}.',
    zh: '网关 {gateway} 正在运行（进程 {pid}）并占用该线路；同时通信会互相抢走应答。请先停止网关再探测，或向其发送远程维护请求 "probe"（设备 {device}）由网关自行探测。',
    retryable: true,
    http: 503,
  },

  // GNSS
  FPING_MISSING: {
    en: 'fping is not installed, so no link is probed by ICMP; other probes run on. Install it (on Debian: apt install fping). It is looked for again every minute.',
    zh: '未安装 fping，因此无法用 ICMP 探测链路；其他探测不受影响。请安装（Debian：apt install fping）。系统每分钟重新查找一次。',
    retryable: true,
    http: 503,
  },
  FPING_ENDED: {
    en: 'fping has ended: {reason}. If it speaks of a socket or of permission, let it open raw sockets (setcap cap_net_raw+ep on its file). Starting it again by itself.',
    zh: 'fping 已退出：{reason}。若提示套接字或权限问题，请允许其打开原始套接字（对其文件执行 setcap cap_net_raw+ep）。系统将自动重新启动它。',
    retryable: true,
    http: 503,
  },
  PROBER_ENDED: {
    en: 'a thread that probes links has ended: {reason}. It is started again by itself; please report it, as it should not.',
    zh: '链路探测线程已退出：{reason}。系统将自动重新启动；此情况不应发生，请予以报告。',
    retryable: true,
    http: 500,
  },
  NMEA_UNREACHABLE: {
    en: 'the GNSS receiver at {port} cannot be reached: {reason}. Check that the converter or gpsd runs, and its address. Trying again by itself.',
    zh: '无法连接 {port} 处的卫星定位接收机：{reason}。请检查转换器或 gpsd 是否运行及其地址。系统将自动重试。',
    retryable: true,
    http: 503,
  },
  NMEA_SILENT: {
    en: 'the GNSS receiver on {port} has said nothing usable for {timeoutMs} ms ({heard}). Check its power, the cable and the baud rate.',
    zh: '{port} 上的卫星定位接收机已有 {timeoutMs} 毫秒没有可用输出（{heard}）。请检查供电、线缆和波特率。',
    retryable: true,
    http: 504,
  },

  // Commands and safety
  COMMAND_POINT_UNKNOWN: {
    en: 'device "{device}" has no point "{metric}" that can be commanded. Check the name against the gateway’s birth, and the profile for "write".',
    zh: '设备 "{device}" 没有可控制的点 "{metric}"。请核对网关出生消息中的名称以及设备配置中的 "write"。',
    retryable: false,
    http: 404,
  },
  COMMAND_VALUE_INVALID: {
    en: 'the value {value} cannot be commanded: {problem}',
    zh: '无法下发数值 {value}：{problem}',
    retryable: false,
    http: 400,
  },
  COMMAND_EXPIRED: {
    en: 'the command came {lateS} s after it had expired, and was not acted on. Send a new one.',
    zh: '命令在过期 {lateS} 秒后才到达，未执行。请重新发送。',
    retryable: false,
    http: 409,
  },
  COMMAND_CLOCK_UNSYNCED: {
    en: 'the clock of the gateway is not set, so nobody can tell whether this command has expired. Closing works; for opening, give the gateway the time (NTP or GNSS).',
    zh: '网关时钟未同步，无法判断该命令是否过期。关闭仍可执行；如需打开，请先为网关校时（NTP 或 GNSS）。',
    retryable: true,
    http: 503,
  },
  COMMAND_LEASE_MISSING: {
    en: 'an opening needs a lease: say for how long. For senders that cannot, set defaultLeaseS for this point.',
    zh: '打开操作需要租约：请指定时长。若发送方无法指定，请为该点设置 defaultLeaseS。',
    retryable: false,
    http: 400,
  },
  COMMAND_LEASE_TOO_LONG: {
    en: 'a lease of {leaseS} s is longer than what is left of the longest run: {leftS} s of {maxRunS} s. Ask for less, or close it first.',
    zh: '租约 {leaseS} 秒超过最长运行时间的剩余部分：{maxRunS} 秒中还剩 {leftS} 秒。请缩短租约，或先关闭。',
    retryable: false,
    http: 409,
  },
  COMMAND_POINT_BUSY: {
    en: 'the point is being opened or closed at this moment, or has not confirmed that it is closed. Send the command again.',
    zh: '该点正在打开或关闭，或尚未确认已关闭。请重新发送命令。',
    retryable: true,
    http: 409,
  },
  COMMAND_INTERLOCKED: {
    en: 'nothing may be opened here: {why}',
    zh: '此处禁止打开：{why}',
    retryable: false,
    http: 409,
  },
  COMMAND_OVERTAKEN: {
    en: 'it was closed before the device had confirmed that it was open',
    zh: '设备确认打开之前已被关闭',
    retryable: false,
    http: 409,
  },
  COMMAND_INTERRUPTED: {
    en: 'the gateway stopped before the end of this command was known; everything has been brought to its safe state',
    zh: '网关在该命令有结果之前停止；所有点已恢复到安全状态',
    retryable: false,
    http: 409,
  },
  COMMAND_READ_BACK: {
    en: 'the device was told {asked}, and read back it holds {held}. Check the device and its wiring.',
    zh: '下发给设备的值是 {asked}，回读为 {held}。请检查设备和接线。',
    retryable: false,
    http: 502,
  },
  COMMAND_CLOSED_BY_DEVICE: {
    en: 'the device closed it by itself: its own timer, a hand on its panel, or a power cut',
    zh: '设备自行关闭：其自身定时器、面板操作或断电',
    retryable: false,
    http: 409,
  },
  COMMAND_RUN_TOO_LONG: {
    en: 'it stood open for {maxRunS} s without a lease, which is as long as it may',
    zh: '无租约打开已达上限 {maxRunS} 秒',
    retryable: false,
    http: 409,
  },
  COMMAND_NOT_RECORDED: {
    en: 'the gateway cannot record the command: {reason}. Nothing is opened that a restart would forget; free space on its disk.',
    zh: '网关无法记录该命令：{reason}。重启后会丢失的打开操作不予执行；请释放网关磁盘空间。',
    retryable: true,
    http: 503,
  },
  COMMAND_FLOOD: {
    en: 'more commands come than the gateway can record. Nothing is opened that a restart would forget; send fewer at once.',
    zh: '命令过多，网关来不及记录。重启后会丢失的打开操作不予执行；请减少同时发送的命令。',
    retryable: true,
    http: 503,
  },
  COMMAND_ID_INVALID: {
    en: 'the command id is not valid: use 1 to 64 of the characters A–Z a–z 0–9 _ -',
    zh: '命令标识无效：只能使用 1 至 64 个字符 A–Z a–z 0–9 _ -',
    retryable: false,
    http: 400,
  },
  GATEWAY_STOPPING: {
    en: 'the gateway is stopping, and closes what it had opened',
    zh: '网关正在停止，并关闭其打开的所有点',
    retryable: true,
    http: 503,
  },
  WRITE_WITHOUT_END: {
    en: 'the device was written to, and nothing came back within {waitedS} s',
    zh: '已写入设备，但 {waitedS} 秒内没有结果',
    retryable: true,
    http: 504,
  },

  // NB-IoT: CoAP and LwM2M
  REFLECTOR_OPEN: {
    en: 'the reflector would answer on {address}, which other machines can reach, and nothing says whom. List their addresses or prefixes at allow; allow: [] answers only those of the plan of a mesh, allow: [any] everybody.',
    zh: '反射器将在其他机器可访问的地址 {address} 上应答，但未说明应答对象。请在 allow 中列出其地址或网段；allow: [] 仅应答测量网计划中的地址，allow: [any] 应答所有人。',
    retryable: false,
    http: 500,
  },
  LISTEN_UNPROTECTED: {
    en: '{what} would listen on {address}, which strangers can reach, and CoAP is neither encrypted nor authenticated. Listen on an address of the operator’s private network, or end DTLS in front; or set {setting} if this is what you want.',
    zh: '{what} 将在陌生人可访问的地址 {address} 上监听，而 CoAP 既不加密也不认证。请监听运营商专网地址，或在前端终结 DTLS；如确需如此，请设置 {setting}。',
    retryable: false,
    http: 500,
  },
  COAP_TIMEOUT: {
    en: 'device {device} did not answer to {request}. It may sleep, be out of reach, or have a new address that it has not told yet.',
    zh: '设备 {device} 没有应答 {request}。它可能处于休眠、信号不可达，或地址已变更但尚未上报。',
    retryable: true,
    http: 504,
  },
  COAP_REFUSED: {
    en: 'device {device} refused {request}: {answer}. Check the profile against the objects that the device has.',
    zh: '设备 {device} 拒绝了 {request}：{answer}。请对照设备所支持的对象检查设备配置。',
    retryable: false,
    http: 502,
  },
  WRITE_REPLACED: {
    en: 'a later command for the same point of {device} has taken the place of this one, which was still waiting',
    zh: '{device} 同一点位的较新命令已取代了这条仍在等待的命令',
    retryable: false,
    http: 409,
  },

  // Store
  STORE_UNAVAILABLE: {
    en: 'the {store} store cannot be reached: {reason}. {mend}',
    zh: '无法访问 {store} 存储：{reason}。{mend}',
    retryable: true,
    http: 503,
  },
  STORE_CORRUPT: {
    en: 'the store file {file} is damaged: {reason}. Restore it from a backup, or move it away to begin with an empty one.',
    zh: '存储文件 {file} 已损坏：{reason}。请从备份恢复，或将其移走以便从空存储开始。',
    retryable: false,
    http: 500,
  },
  LEDGER_UNAVAILABLE: {
    en: 'the file {file} cannot be used: {reason}. Check the disk: its free space, and that this user may write there. Until then nothing is confirmed, and gateways keep what they have sent.',
    zh: '无法使用文件 {file}：{reason}。请检查磁盘剩余空间以及本用户的写权限。恢复之前不会确认任何数据，网关将保留已发送的内容。',
    retryable: true,
    http: 503,
  },
  STATE_DAMAGED: {
    en: 'the file {file} is damaged: {reason}. Stop ingest, move the file away with its -wal and -shm beside it, and start again: readings are not in it, and what is not confirmed comes again from the gateways. What it kept is lost unless a backup is put back: ledger.db the completeness of the past, events.db events, commands.db and care.db who asked for what, births.db nothing that gateways do not tell again.',
    zh: '文件 {file} 已损坏：{reason}。请停止 ingest，将该文件连同其 -wal 和 -shm 文件移走后重新启动：读数不在其中，未确认的数据会由网关重新发送。除非恢复备份，其中保存的内容将丢失：ledger.db 为以往的完整性记录，events.db 为事件，commands.db 和 care.db 为操作记录，births.db 中的内容网关会重新告知。',
    retryable: true,
    http: 503,
  },
  MESH_REFUSED: {
    en: 'the mesh file {file} is not taken: {reason}\nThe links stay as they were before it, also over a restart. Correct the file; it is read again by itself.',
    zh: '网格文件 {file} 未被采用：{reason}\n链路保持此前的状态，重启后亦然。请更正该文件，系统会自动重新读取。',
    retryable: true,
    http: 503,
  },
  INGEST_UNREACHABLE: {
    en: 'no ingest answers at {url}. Give its address with --url, or, where it does not run, its settings with --config and its folder with --data.',
    zh: '{url} 处没有 ingest 应答。请用 --url 给出其地址；如其未运行，请用 --config 给出配置文件、用 --data 给出数据目录。',
    retryable: true,
    http: 503,
  },
  LETTERS_DAMAGED: {
    en: 'the file of what was refused, {file}, is damaged: {reason}. It was put aside as {aside}, and a new one begun. Check the disk; readings are not touched by this.',
    zh: '拒收数据文件 {file} 已损坏：{reason}。已将其改名为 {aside} 并新建文件。请检查磁盘；读数不受影响。',
    retryable: false,
    http: 500,
  },
  DATA_FORMAT_NEWER: {
    en: 'the file {file} was written by a newer Sluice (format {found}; this one reads up to {known}). Install that version again, or restore a backup that this one made.',
    zh: '文件 {file} 由更新版本的 Sluice 写入（格式 {found}；当前版本最高支持 {known}）。请重新安装该版本，或恢复由当前版本生成的备份。',
    retryable: false,
    http: 500,
  },
  NOTHING_TO_BACK_UP: {
    en: 'there is nothing of ingest in {folder}: neither readings nor a ledger. Name its data folder with --data.',
    zh: '{folder} 中没有 ingest 的数据：既没有读数也没有台账。请用 --data 指定其数据目录。',
    retryable: false,
    http: 500,
  },
  BACKUP_NO_ROOM: {
    en: 'a backup needs {neededMB} MB in {folder}, and {freeMB} MB are free. Free some space, choose another folder with --to, or keep fewer with --keep.',
    zh: '备份需要在 {folder} 中占用 {neededMB} MB，但仅剩 {freeMB} MB。请释放空间、用 --to 指定其他目录，或用 --keep 减少保留份数。',
    retryable: true,
    http: 503,
  },
  BACKUP_FAILED: {
    en: 'no backup was made: {file}: {reason}. What was begun has been removed; mend that and run it again.',
    zh: '未能生成备份：{file}：{reason}。未完成的部分已删除；请解决后重新运行。',
    retryable: true,
    http: 503,
  },
  BACKUP_INVALID: {
    en: '{folder} cannot be restored: {reason}. Nothing was changed; take another backup.',
    zh: '无法恢复 {folder}：{reason}。未作任何更改；请使用其他备份。',
    retryable: false,
    http: 500,
  },
  RESTORE_NOT_EMPTY: {
    en: '{folder} holds data already ({file}). Choose an empty folder with --data, or have what is there moved aside with --replace.',
    zh: '{folder} 中已有数据（{file}）。请用 --data 指定空目录，或用 --replace 将现有数据移到一旁。',
    retryable: false,
    http: 500,
  },
  RESTORE_FAILED: {
    en: 'the backup could not be put into {folder}: {reason}. Do not start ingest there; mend that and run it again with --replace.',
    zh: '无法将备份放入 {folder}：{reason}。请勿在该目录启动 ingest；解决后请加 --replace 重新运行。',
    retryable: false,
    http: 500,
  },
  READING_EXPIRED: {
    en: 'the reading of {measurement} at {time} is older than what is kept: readings before {keptFrom} are deleted (retention). Keep them for longer, or let what was offline send within that time',
    zh: '{measurement} 在 {time} 的读数早于保留期限：{keptFrom} 之前的读数已被删除（retention）。请延长保留期限，或让离线设备在期限内补发',
    retryable: false,
    http: 422,
  },
  RETENTION_UNSUPPORTED: {
    en: 'InfluxDB {version}.x cannot delete by time, so nothing that Sluice has written is deleted. Set a retention period on the database itself, and leave out "retention" here',
    zh: 'InfluxDB {version}.x 不支持按时间删除，因此 Sluice 写入的数据不会被删除。请在数据库上设置保留期限，并删除此处的 "retention"',
    retryable: false,
    http: 422,
  },
  STORE_REFUSED: {
    en: 'the {store} store refused a point: {reason}',
    zh: '{store} 存储拒绝了一个数据点：{reason}',
    retryable: false,
    http: 422,
  },

  // Commands
  COMMAND_TARGET_UNKNOWN: {
    en: '{what} is not known, so nothing can be asked of it. Known here: {known}',
    zh: '未知的{what}，无法下达命令。已知的有：{known}',
    retryable: false,
    http: 404,
  },
  COMMAND_TARGET_OFFLINE: {
    en: '{what} has been offline since {since}, so a command cannot reach it. Check its power and its connection, and ask again.',
    zh: '{what} 自 {since} 起离线，命令无法送达。请检查其电源和网络后重试。',
    retryable: true,
    http: 409,
  },
  COMMAND_NOT_WRITABLE: {
    en: '{metric} can only be read: its gateway says so in its birth. Make the point writable in the profile of the device.',
    zh: '{metric} 只能读取：其网关在出生消息中如此声明。请在设备配置中将该点设为可写。',
    retryable: false,
    http: 409,
  },
  COMMAND_LEASE_UNKNOWN: {
    en: '{gateway} does not announce that it knows leases (no metric Event in its birth), so what is opened there would stay open. Only 0 or false can be sent to it. Put a gateway of Sluice before the actuator to command it.',
    zh: '{gateway} 未声明支持限时租约（出生消息中没有 Event 指标），开启后将不会自动关闭，因此只能向其发送 0 或 false。如需控制该执行器，请在其前面接入 Sluice 网关。',
    retryable: false,
    http: 409,
  },
  COMMAND_VALUE_IMPOSSIBLE: {
    en: '{metric} cannot be set to {value}. It takes {wanted}.',
    zh: '{metric} 不能设为 {value}。可用值：{wanted}。',
    retryable: false,
    http: 400,
  },
  COMMAND_LEASE_INVALID: {
    en: 'a lease of {lease} s for {metric} is not possible: whatever is not 0 (closed, off) must end by itself. Give leaseS from 1 to {limit}; commands.maxLeaseS sets the longest.',
    zh: '{metric} 的租期 {lease} 秒无效：凡不是 0（关闭、停止）的值都必须能自行结束。请给出 1 至 {limit} 的 leaseS；上限由 commands.maxLeaseS 设定。',
    retryable: false,
    http: 400,
  },
  COMMAND_ID_TAKEN: {
    en: 'the id "{id}" belongs to another command. Give each command an id of its own; repeat one only with the same content.',
    zh: '标识 "{id}" 已属于另一条命令。请为每条命令使用独立的标识；仅可用相同内容重复。',
    retryable: false,
    http: 409,
  },
  COMMAND_RETAINED: {
    en: 'a retained command is refused, because it would act again at each connect. Publish it without the retain flag, and clear the topic with an empty retained message.',
    zh: '拒绝保留（retained）的命令，因为每次连接都会再次执行。请取消 retain 标志后发布，并用空的保留消息清除该主题。',
    retryable: false,
    http: 400,
  },
  COMMAND_UNREADABLE: {
    en: 'a command cannot be read: {problem}. Send JSON such as {"gateway":"pump-house","device":"valves","metric":"irrigation/valve_state/v1","value":true,"leaseS":600}.',
    zh: '无法识别命令：{problem}。请发送如下 JSON：{"gateway":"pump-house","device":"valves","metric":"irrigation/valve_state/v1","value":true,"leaseS":600}。',
    retryable: false,
    http: 400,
  },
  COMMANDS_FULL: {
    en: '{limit} commands are under way already, and no more are taken until some have ended. Ask again in a minute.',
    zh: '已有 {limit} 条命令正在执行，部分结束之前不再受理。请一分钟后重试。',
    retryable: true,
    http: 503,
  },

  // HTTP
  REQUEST_INVALID: {
    en: '{field}: {problem}',
    zh: '{field}：{problem}',
    retryable: false,
    http: 400,
  },
  SIGN_IN_NEEDED: {
    en: 'sign in first: this needs an account, or a token in the header "authorization: Bearer …" (for the commands of Sluice itself: in SLUICE_TOKEN).',
    zh: '请先登录：此操作需要账号，或在请求头 "authorization: Bearer …" 中提供令牌（Sluice 自带命令：环境变量 SLUICE_TOKEN）。',
    retryable: false,
    http: 401,
  },
  SIGN_IN_REFUSED: {
    en: 'the name or the password is not right, or the account is disabled. An administrator can set a new password; on the machine itself: npm run accounts -- password NAME.',
    zh: '用户名或密码不正确，或账号已停用。管理员可重设密码；也可在本机运行：npm run accounts -- password 用户名。',
    retryable: false,
    http: 401,
  },
  SIGN_IN_TOO_OFTEN: {
    en: 'this is too often: too many wrong passwords came from this address, or somebody signs in again and again. Wait a minute and try again; programs use a token.',
    zh: '登录过于频繁：来自此地址的错误密码过多，或同一账号反复登录。请等待一分钟后重试；程序请使用令牌。',
    retryable: true,
    http: 429,
  },
  NAME_TAKEN: {
    en: 'an account or token is named "{name}" already. Choose another name.',
    zh: '名称 "{name}" 已被账号或令牌使用。请换用其他名称。',
    retryable: false,
    http: 409,
  },
  ACCOUNTS_FULL: {
    en: 'there are {limit} already, as many as may be. Remove what nobody uses any more.',
    zh: '数量已达上限 {limit}。请删除不再使用的项。',
    retryable: false,
    http: 409,
  },
  LAST_ADMINISTRATOR: {
    en: '{name} is the last administrator. Make another one first, so that somebody can let others in.',
    zh: '{name} 是最后一名管理员。请先设立另一名管理员，以免无人能够管理账号。',
    retryable: false,
    http: 409,
  },
  SIGN_IN_OFF_REFUSED: {
    en: 'http.signIn: off lets everybody who reaches {address} do everything. Remove it, or listen on 127.0.0.1.',
    zh: 'http.signIn: off 会让所有能访问 {address} 的人拥有全部权限。请删除该设置，或改为监听 127.0.0.1。',
    retryable: false,
    http: 500,
  },
  NOT_PERMITTED: {
    en: '{name} has the role {role}, which does not include "{wanted}". Ask an administrator for a role that does.',
    zh: '{name} 的角色是 {role}，不包含“{wanted}”权限。请联系管理员调整角色。',
    retryable: false,
    http: 403,
  },
  HOST_NOT_ALLOWED: {
    en: 'requests under the name "{host}" are not answered. Use http://127.0.0.1 or http://localhost, or add the name to allowedHosts of the HTTP settings if a reverse proxy of yours uses it.',
    zh: '不接受以名称 "{host}" 发来的请求。请使用 http://127.0.0.1 或 http://localhost；如果是您的反向代理使用该名称，请将其加入 HTTP 配置的 allowedHosts。',
    retryable: false,
    http: 403,
  },
  ORIGIN_NOT_ALLOWED: {
    en: 'a page of {origin} may not change anything here. Use the page of this very address.',
    zh: '来自 {origin} 的页面不能在此更改任何内容。请使用本地址自己的页面。',
    retryable: false,
    http: 403,
  },
  EXPORTS_BUSY: {
    en: '{limit} exports are under way already, as many as are allowed. Try again when one has ended, or raise export.maxConcurrent.',
    zh: '已有 {limit} 个导出正在进行，达到上限。请待其中一个结束后重试，或调大 export.maxConcurrent。',
    retryable: true,
    http: 429,
  },
  BODY_TOO_LARGE: {
    en: 'one request may hold {limit} of readings, and this one holds more. Send it in parts, or raise http.maxBodyBytes or http.maxBodyReadings.',
    zh: '单次请求最多可含 {limit}，此请求超出上限。请分批发送，或调高 http.maxBodyBytes 或 http.maxBodyReadings。',
    retryable: false,
    http: 413,
  },
  READINGS_BUSY: {
    en: 'no more readings are taken just now: too many wait for the store. Nothing of this request was stored; send it again.',
    zh: '暂不接收更多读数：等待存储的读数过多。此请求未存储任何内容；请重新发送。',
    retryable: true,
    http: 503,
  },
  READINGS_UNSTORED: {
    en: 'the store did not take all of these readings within {seconds} s. Some may be stored, or will be. Send the same again: where they have times it does no harm.',
    zh: '存储未能在 {seconds} 秒内接收全部读数。部分可能已存储或稍后存储。请重新发送相同内容：带时间的读数重复发送无害。',
    retryable: true,
    http: 503,
  },
  READINGS_REFUSED: {
    en: 'none of these readings was stored: each of them is refused, the first for the reason given in rejected. {count} in all.',
    zh: '没有存储任何读数：全部被拒绝，原因见 rejected。共 {count} 项。',
    retryable: false,
    http: 400,
  },
  LINE_INVALID: {
    en: 'line {line} cannot be read: {problem}',
    zh: '第 {line} 行无法读取：{problem}',
    retryable: false,
    http: 400,
  },
  QUERY_TOO_LARGE: {
    en: 'the answer would hold more than {limit} points. Ask for a shorter time, fewer series, or a larger "every".',
    zh: '结果将超过 {limit} 个点。请缩短时间范围、减少序列，或增大 "every"。',
    retryable: false,
    http: 400,
  },
  NOT_FOUND: {
    en: 'there is no {what}. See /api/openapi.json for what there is.',
    zh: '不存在{what}。可用接口见 /api/openapi.json。',
    retryable: false,
    http: 404,
  },
  MAINTENANCE_WITHDRAWN: {
    en: 'the maintenance window {id} was withdrawn by {by} and stays so. Enter a new one.',
    zh: '维护窗口 {id} 已由 {by} 撤销，不能再更改。请另行登记。',
    retryable: false,
    http: 409,
  },
  VERSION_STALE: {
    en: '{what} was changed meanwhile: it is at version {version} now. Look at what it says, and change that.',
    zh: '{what}已被他人更改，当前为第 {version} 版。请先查看最新内容，再作更改。',
    retryable: false,
    http: 409,
  },
  THRESHOLDS_FULL: {
    en: 'there are {limit} thresholds already, as many as are kept. Remove some, or set one for a whole zone or site instead of each device.',
    zh: '已有 {limit} 个阈值，达到上限。请删除部分阈值，或为整个地块或站点设置一个，而不是逐台设备设置。',
    retryable: false,
    http: 409,
  },
  DELIVERY_FAILED: {
    en: 'a message by {way} to {to} did not get through: {reason}. It is tried again.',
    zh: '通过 {way} 发往 {to} 的消息未送达：{reason}。将自动重试。',
    retryable: true,
    http: 503,
  },
  DELIVERY_REFUSED: {
    en: 'a message by {way} to {to} was refused for good: {reason}. Correct the address, or the settings of the receiver.',
    zh: '通过 {way} 发往 {to} 的消息被永久拒绝：{reason}。请更正地址或接收方的设置。',
    retryable: false,
    http: 409,
  },
  WAY_NOT_SET_UP: {
    en: 'nothing can be sent by {way}: notify.{way} is not in the configuration of ingest. See docs/notify.md.',
    zh: '无法通过 {way} 发送：采集端配置中没有 notify.{way}。见 docs/notify.zh-CN.md。',
    retryable: false,
    http: 409,
  },
  MAIL_UNPROTECTED: {
    en: 'notify.mail.tls is "none", and {host} is not this machine: the password and every alert could be read on the way. Set it to starttls or tls.',
    zh: 'notify.mail.tls 为 "none"，而 {host} 不是本机：密码和告警内容可能在途中被读取。请设为 starttls 或 tls。',
    retryable: false,
    http: 500,
  },
  MODEM_UNUSABLE: {
    en: 'the GSM modem at {path} cannot send: {reason}',
    zh: '{path} 上的 GSM 调制解调器无法发送：{reason}',
    retryable: true,
    http: 503,
  },
  ALERT_ENDED: {
    en: 'the alert {id} has ended: there is nothing left to acknowledge or to silence.',
    zh: '告警 {id} 已结束，无需再确认或静默。',
    retryable: false,
    http: 409,
  },
  CONTACTS_FULL: {
    en: 'there are {most} {what} already, and no room for more. Remove one first.',
    zh: '{what}已达 {most} 个上限。请先删除一个。',
    retryable: false,
    http: 409,
  },
  METHOD_NOT_ALLOWED: {
    en: '{what} is not possible here. Use {allowed}.',
    zh: '此处不支持 {what}。请使用 {allowed}。',
    retryable: false,
    http: 405,
  },
  INTERNAL: {
    en: 'something failed inside Sluice: {reason}. The log has the details; please report it.',
    zh: 'Sluice 内部出错：{reason}。详情见日志，请反馈此问题。',
    retryable: false,
    http: 500,
  },
  // Statements on links
  STATEMENT_KEY_UNUSABLE: {
    en: 'the key that statements are signed with, {file}, cannot be used: {reason}. Put back the file from a copy; or move it away, and a new key is made, whose fingerprint the other party has to be told.',
    zh: '无法使用结算单签名密钥 {file}：{reason}。请从副本恢复该文件；或将其移走，系统会生成新密钥，届时须将新指纹告知对方。',
    retryable: true,
    http: 503,
  },
  STATEMENT_UNREADABLE: {
    en: '{file} is not a statement that can be read: {reason}. Ask whoever sent it to send it again.',
    zh: '{file} 不是可读取的结算单：{reason}。请让发送方重新发送。',
    retryable: false,
    http: 400,
  },
  STATEMENT_NOT_WRITTEN: {
    en: 'cannot write in {folder}: {reason}. Choose another folder with --out.',
    zh: '无法写入 {folder}：{reason}。请用 --out 指定其他目录。',
    retryable: false,
    http: 500,
  },
  STATEMENTS_BUSY: {
    en: '{limit} statements are being made already. Ask again when one of them is ready.',
    zh: '已有 {limit} 份结算单正在生成。请在其中一份完成后重试。',
    retryable: true,
    http: 429,
  },
  VERIFIER_NOT_BUILT: {
    en: 'the program that checks statements was not built: {reason}. Run npm ci without --omit=dev, then this again.',
    zh: '未能构建结算单校验程序：{reason}。请先运行 npm ci（不带 --omit=dev），再重试。',
    retryable: false,
    http: 500,
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;
export type Language = 'en' | 'zh';

/** A sentence, or part of one, in each language. */
export type Words = Readonly<Record<Language, string>>;

export type ErrorDetails = Readonly<Record<string, string | number | Words>>;

export class SluiceError extends Error {
  override readonly name = 'SluiceError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  /** What is secret in an address among the details is masked. */
  constructor(code: ErrorCode, given: ErrorDetails = {}, cause?: unknown) {
    const details = masked(given);
    super(errorText(code, details, 'en'), cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  get http(): number {
    return ERRORS[this.code].http;
  }

  text(language: Language): string {
    return errorText(this.code, this.details, language);
  }

  detailsIn(language: Language): Readonly<Record<string, string | number>> {
    const details = Object.entries(this.details).map(([name, value]) => [name, inLanguage(value, language)]);
    return Object.fromEntries(details);
  }
}

/** Turns anything thrown into an error of the catalogue; what is already one passes through. */
export function asSluiceError(thrown: unknown): SluiceError {
  if (thrown instanceof SluiceError) return thrown;
  return new SluiceError('INTERNAL', { reason: reasonOf(thrown) }, thrown);
}

/** The shortest words for what was thrown, for the `{reason}` of a message. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return reasonOf(thrown.errors[0]);
  return thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
}

function masked(details: ErrorDetails): ErrorDetails {
  const shown = Object.entries(details).map(([name, value]) => [name, maskedValue(value)]);
  return Object.fromEntries(shown);
}

function maskedValue(value: string | number | Words): string | number | Words {
  if (typeof value === 'string') return withoutSecrets(value);
  return typeof value === 'object' ? { en: withoutSecrets(value.en), zh: withoutSecrets(value.zh) } : value;
}

function errorText(code: ErrorCode, details: ErrorDetails, language: Language): string {
  return ERRORS[code][language].replace(/\{(\w+)\}/g, (whole, name: string) =>
    String(inLanguage(details[name] ?? whole, language)),
  );
}

function inLanguage(value: string | number | Words, language: Language): string | number {
  return typeof value === 'object' ? value[language] : value;
}
