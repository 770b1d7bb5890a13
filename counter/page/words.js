// The page's own words. What a verdict says comes from the counter's program, in both languages.

const WORDS = {
  vi: {
    title: "Kiểm tra danh tính",
    skip: "Đến phần chính",
    other: "English",
    ready: "Quét mã của người dân",
    how: "Dùng máy quét cầm tay: cứ quét, không cần bấm vào ô nào. Hoặc dùng camera, tệp ảnh.",
    askFor: "Hỏi trước:",
    withPhoto: "kèm ảnh",
    askNow: "Tạo mã hỏi",
    unask: "Bỏ câu hỏi",
    poster: "Tải áp phích của quầy (PDF)",
    over: "Câu hỏi đã hết giờ, không ai trả lời. Nếu vẫn cần, hãy tạo mã hỏi mới.",
    question: "Đưa mã này cho người dân quét bằng ứng dụng, rồi quét mã trả lời trên điện thoại.",
    left: "Còn",
    cameraOn: "Bật camera",
    cameraOff: "Tắt camera",
    aim: "Đưa màn hình điện thoại vào khung, cách 15–25 cm.",
    picture: "Chọn tệp ảnh",
    serial: "Nối máy quét USB-serial",
    hid: "Nối máy quét HID-POS",
    wires: "Số máy quét đã nối:",
    paste: "Cũng có thể dán mã hoặc ảnh (Ctrl+V), hoặc kéo ảnh thả vào trang.",
    receiving: "Đang nhận từ máy quét:",
    characters: "ký tự",
    looking: "Đang tìm mã trong ảnh…",
    checking: "Đang kiểm tra…",
    valid: "HỢP LỆ",
    not_valid: "KHÔNG HỢP LỆ",
    cannot_tell: "CHƯA XÁC ĐỊNH",
    compare: "So ảnh này với người đứng trước mặt",
    portrait: "Ảnh chân dung trong mã, để so với người đứng trước mặt",
    todo: "Việc cần làm",
    next: "Người tiếp theo (Esc)",
    clears: "Tự xóa sau",
    seconds: "giây",
    unofficial: "Phần mềm nguồn mở, không phải của cơ quan nhà nước. Không lưu những gì đã quét.",
    scanned: "Đã quét",
    purpose: "Mục đích",
    as_of: "Điện thoại ký lúc",
    issued_on: "Cơ quan cấp ký ngày",
    valid_until: "Dữ liệu có giá trị đến",
    issuer: "Cơ quan cấp",
    level: "Mức độ định danh",
    withheld: "Mục không xuất trình",
    status: "Danh sách trạng thái",
    used_at: "Đã dùng lúc",
    phone: "Giờ của điện thoại",
    counter: "Giờ của máy này",
    trust: "Danh sách tin cậy",
    version: "bản",
    none: "không có",
    old: "cũ",
    days: "ngày",
    hours: "giờ",
    minutes: "phút",
    sandbox: "THỬ NGHIỆM: không có người thật nào",
    test: "KIỂM THỬ: một khóa nhập tay, không có danh sách",
    clockSlow: "Theo điện thoại của những người vừa qua, đồng hồ của máy này chậm khoảng",
    clockFast: "Theo điện thoại của những người vừa qua, đồng hồ của máy này nhanh khoảng",
    clockDo: "Hãy so với một đồng hồ khác rồi chỉnh lại giờ của máy.",
    notRenewed: "Các danh sách chưa được làm mới, đang dùng bản đã có.",
    yes: "Có",
    no: "KHÔNG",
    gone: "Chương trình tại quầy không trả lời. Hãy khởi động lại chương trình rồi quét lại.",
    pdf: "Đây là tệp PDF. Hãy mở tệp, chụp ảnh màn hình rồi dán ảnh vào đây; tốt nhất là quét trực tiếp màn hình điện thoại.",
    no_picture: "Đây không phải ảnh đọc được. Hãy chọn ảnh PNG, JPEG hoặc WebP.",
    too_large: "Ảnh quá lớn: tối đa 20 MB và 50 triệu điểm ảnh. Hãy chụp lại gần hơn.",
    no_camera: "Không dùng được camera: không có camera, bị chương trình khác giữ, hoặc trình duyệt chưa được phép. Hãy dùng máy quét hoặc tệp ảnh.",
    no_wire: "Không mở được máy quét: chương trình khác đang giữ, hoặc dây bị lỏng. Rút ra cắm lại, rồi nối lại.",
    no_decoder: "Ở đây không đọc được mã từ ảnh. Hãy dùng máy quét cầm tay, hoặc cập nhật trình duyệt và chương trình.",
  },
  en: {
    title: "Identity check",
    skip: "Skip to the main part",
    other: "Tiếng Việt",
    ready: "Scan the citizen's code",
    how: "With a hand scanner just scan; there is no field to click. Or use the camera or a picture file.",
    askFor: "Ask first:",
    withPhoto: "with photo",
    askNow: "Make a code",
    unask: "Give up the question",
    poster: "Get the counter's poster (PDF)",
    over: "The question ran out of time without an answer. If it is still needed, make a new code.",
    question: "Let the citizen scan this code with the app, then scan the answer on the phone.",
    left: "Left:",
    cameraOn: "Camera on",
    cameraOff: "Camera off",
    aim: "Hold the phone's screen into the frame, 15–25 cm away.",
    picture: "Choose a picture",
    serial: "Connect USB-serial scanner",
    hid: "Connect HID-POS scanner",
    wires: "Scanners connected:",
    paste: "You can also paste a code or a picture (Ctrl+V), or drop a picture on the page.",
    receiving: "Receiving from the scanner:",
    characters: "characters",
    looking: "Looking for a code in the picture…",
    checking: "Checking…",
    valid: "VALID",
    not_valid: "NOT VALID",
    cannot_tell: "CANNOT TELL",
    compare: "Compare with the person in front of you",
    portrait: "The portrait in the code, to compare with the person in front of you",
    todo: "What to do",
    next: "Next person (Esc)",
    clears: "Clears itself in",
    seconds: "s",
    unofficial: "Open-source software, not a state authority's. Keeps nothing of what was scanned.",
    scanned: "Scanned",
    purpose: "Purpose",
    as_of: "Signed by the phone at",
    issued_on: "Signed by the issuer on",
    valid_until: "Data valid until",
    issuer: "Issuer",
    level: "Level of identification",
    withheld: "Items not shown",
    status: "Status list",
    used_at: "Used at",
    phone: "The phone's time",
    counter: "This computer's time",
    trust: "Trust list",
    version: "version",
    none: "none",
    old: "old",
    days: "d",
    hours: "h",
    minutes: "min",
    sandbox: "SANDBOX: every person is invented",
    test: "TEST: a single key given by hand, no list",
    clockSlow: "By the phones of the last holders this computer's clock seems slow by about",
    clockFast: "By the phones of the last holders this computer's clock seems fast by about",
    clockDo: "Compare it with another clock, then set it right.",
    notRenewed: "The lists were not renewed; those at hand are in force.",
    yes: "Yes",
    no: "NO",
    gone: "The counter's program does not answer. Start it again, then scan again.",
    pdf: "This is a PDF file. Open it, take a screenshot and paste that here; better, scan the phone's screen itself.",
    no_picture: "This is no picture that can be read. Choose a PNG, JPEG or WebP picture.",
    too_large: "The picture is too large: at most 20 MB and 50 megapixels. Take one from nearer.",
    no_camera: "The camera cannot be used: there is none, another program holds it, or the browser has no permission. Use a scanner or a picture file.",
    no_wire: "The scanner cannot be opened: another program holds it, or the cable is loose. Unplug it, plug it in again, then connect it.",
    no_decoder: "Codes in pictures cannot be read here. Use a hand scanner, or update the browser and this program.",
  },
};

/** Names of claims and purposes, as the program's JSON has them, in the order in which an officer reads them. */
const NAMES = {
  full_name: ["Họ và tên", "Full name"],
  pid: ["Số định danh cá nhân", "Personal number"],
  birth_date: ["Ngày sinh", "Date of birth"],
  gender: ["Giới tính", "Gender"],
  residence: ["Nơi cư trú", "Residence"],
  phone: ["Số điện thoại", "Phone number"],
  nationality: ["Quốc tịch", "Nationality"],
  age_over_16: ["Đủ 16 tuổi", "At least 16 years old"],
  age_over_18: ["Đủ 18 tuổi", "At least 18 years old"],
  health_card_number: ["Mã thẻ BHYT", "Health-insurance number"],
  health_card_valid_to: ["BHYT có giá trị đến", "Health insurance valid to"],
  health_facility: ["Nơi đăng ký khám chữa bệnh", "Registered health facility"],
  origin: ["Quê quán", "Place of origin"],
  birth_registration: ["Nơi đăng ký khai sinh", "Place of birth registration"],
  card_issued: ["Thẻ cấp ngày", "ID card issued on"],
  card_expires: ["Thẻ có giá trị đến", "ID card valid to"],
  licence_number: ["Số giấy phép lái xe", "Driving-licence number"],
  licence_class: ["Hạng", "Licence class"],
  age: ["Chứng minh đủ tuổi", "Proof of age"],
  id: ["Danh tính", "Identity"],
  health: ["Bảo hiểm y tế", "Health insurance"],
  flex: ["Theo yêu cầu", "As asked for"],
  "driving-licence": ["Giấy phép lái xe", "Driving licence"],
  "hospital-check-in": ["Làm thủ tục khám bệnh", "Hospital check-in"],
  "flight-check-in": ["Làm thủ tục bay", "Flight check-in"],
};

const GENDERS = [["Nam", "Male"], ["Nữ", "Female"], ["Khác", "Other"]];

const KEPT = "language";

export let language = localStorage.getItem(KEPT) === "en" ? "en" : "vi";

export function change() {
  language = language === "vi" ? "en" : "vi";
  localStorage.setItem(KEPT, language);
}

export const word = (name) => WORDS[language][name] ?? name;

const pick = (pair) => pair?.[language === "vi" ? 0 : 1];

export const nameOf = (name) => pick(NAMES[name]) ?? name;

const ORDER = Object.keys(NAMES);

export const inOrder = (claims) => claims.sort(([one], [other]) => ORDER.indexOf(one) - ORDER.indexOf(other));

/** A claim's value for the eye. Unknown parts of a date are zeros. */
export function valueOf(name, value) {
  if (typeof value === "boolean") return word(value ? "yes" : "no");
  if (name === "gender") return pick(GENDERS[value - 1]) ?? String(value);
  const date = /^(birth_date|health_card_valid_to|card_issued|card_expires)$/.test(name) && /^(\d{4})(\d\d)(\d\d)$/.exec(value);
  return date ? date.slice(1).reverse().filter((part) => Number(part)).join("/") : String(value);
}

/** `2026-11-22T19:00:10+07:00` as it is written at a counter. */
export function timeOf(text) {
  const parts = /^(\d+)-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)/.exec(text);
  return parts ? `${parts[4]} ${parts[3]}/${parts[2]}/${parts[1]}` : text;
}

export const dayOf = (text) => timeOf(text).split(" ").pop();

export function ageOf(seconds) {
  const [unit, size] = seconds < 7200 ? ["minutes", 60] : seconds < 172800 ? ["hours", 3600] : ["days", 86400];
  return `${Math.max(0, Math.round(seconds / size))} ${word(unit)}`;
}
