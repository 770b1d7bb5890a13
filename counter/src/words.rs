//! Words for the officer that are not in the table of codes.

use eid_model::Code;
use eid_proof::{OtherCode, Purpose, VerifiedProof};

use crate::Words;

/// How to get a hand scanner past a Vietnamese keyboard.
pub(crate) const KEYBOARD: Words = Words {
    vi: "Bộ gõ tiếng Việt đã làm sai ký tự. Chuyển bàn phím sang tiếng Anh rồi quét lại.",
    en: "A Vietnamese keyboard changed the characters. Switch to the English keyboard, then scan again.",
};

const COMPARE: Words = Words {
    vi: "So ảnh chân dung với người đứng trước mặt.",
    en: "Compare the portrait with the person in front of you.",
};

/// In place of that, for an answer over the network.
pub(crate) const COMPARE_SENDER: Words = Words {
    vi: "Câu trả lời đến qua mạng, máy quét không thấy chiếc điện thoại đã gửi: ai đó ở nơi khác cũng có thể gửi. So kỹ ảnh chân \
         dung với người đứng trước mặt.",
    en: "The answer came over the network, and no scanner saw the phone that sent it: somebody elsewhere could have. Compare the \
         portrait carefully with the person in front of you.",
};

const NO_PORTRAIT: Words = Words {
    vi: "Không có ảnh: mã chỉ chứng minh thông tin là thật và do điện thoại được cấp xuất trình, chưa chứng minh người cầm \
         điện thoại là chủ. Nếu cần biết đúng người, yêu cầu xuất trình kèm ảnh hoặc xem thẻ căn cước.",
    en: "No portrait was shown: the code proves that the data is genuine and comes from the phone it was issued to, not \
         that the person holding the phone is its owner. If that matters, ask for a proof with photo, or for the ID card.",
};

const FIND_STATUS: Words = Words {
    vi: "Chưa chấp nhận. Cập nhật danh sách trạng thái hoặc hỏi cơ quan cấp xem giấy còn hiệu lực không, rồi yêu cầu mã \
         mới.",
    en: "Do not accept it yet. Update the status list, or ask the issuer whether the credential still stands; then ask \
         for a fresh code.",
};

const PAPER: Words = Words {
    vi: "Bản giấy: dữ liệu do cơ quan cấp ký, nhưng ai cầm giấy cũng xuất trình được. Xem thẻ căn cước, hoặc yêu cầu mã từ điện \
         thoại; nếu giấy có ảnh thì so ảnh.",
    en: "A paper: the issuer signed the data, but whoever holds the paper can show it. Look at the ID card, or ask for a code \
         from the phone; if there is a portrait, compare it.",
};

/// What is left to do when all signatures are right.
pub(crate) fn must_do(proof: &VerifiedProof, code: Code) -> Words {
    if code == Code::W16_STATUS_UNKNOWN {
        FIND_STATUS
    } else if !proof.is_holder_proven() {
        PAPER
    } else if proof.claims().face().is_some() {
        COMPARE
    } else {
        NO_PORTRAIT
    }
}

/// The name of a purpose, for people.
pub(crate) const fn purpose_name(purpose: Purpose) -> Words {
    let (vi, en) = match purpose {
        Purpose::Age => ("Chứng minh đủ tuổi", "Proof of age"),
        Purpose::Id => ("Danh tính", "Identity"),
        Purpose::Health => ("Bảo hiểm y tế", "Health insurance"),
        Purpose::Flex => ("Theo yêu cầu", "As asked for"),
        Purpose::Residence => ("Nơi cư trú", "Residence"),
        Purpose::DrivingLicence => ("Giấy phép lái xe", "Driving licence"),
        Purpose::HospitalCheckIn => ("Làm thủ tục khám bệnh", "Hospital check-in"),
        Purpose::FlightCheckIn => ("Làm thủ tục bay", "Flight check-in"),
    };
    Words { vi, en }
}

/// Which paper a proof of this purpose stands for. Data integrated at the holder's request equals the papers (Decree
/// 59/2022 Articles 3 and 13), agencies must not ask for those again (Directive 24/2025); residence since the end of paper
/// books (2023), licences by Circular 28/2024/TT-BCA, health insurance by the card's form in the app.
pub(crate) fn stands_for(purpose: Purpose) -> Option<Words> {
    let (vi, en) = match purpose {
        Purpose::Residence => (
            "Thay cho giấy xác nhận cư trú và sổ hộ khẩu; không yêu cầu nộp thêm giấy.",
            "Stands for the confirmation of residence and the household book; do not ask for the paper as well.",
        ),
        Purpose::DrivingLicence => (
            "Thay cho bản cứng giấy phép lái xe. Việc tạm giữ, tước quyền được ghi điện tử: xem trạng thái mới đến lúc nào.",
            "Stands for the licence card. Licences are held and suspended electronically: look how fresh the status is.",
        ),
        Purpose::Health => ("Thay cho thẻ bảo hiểm y tế giấy.", "Stands for the paper card of health insurance."),
        _ => return None,
    };
    Some(Words { vi, en })
}

/// The name of a code that is not ours.
pub(crate) fn other_code(code: OtherCode) -> Words {
    let (vi, en) = match code {
        OtherCode::IdCard => (
            "mã QR in trên thẻ căn cước: không có chữ ký số",
            "the QR code printed on an ID card: it carries no signature",
        ),
        OtherCode::Payment => ("mã thanh toán ngân hàng (VietQR)", "a bank payment code (VietQR)"),
        OtherCode::HealthCertificate => ("chứng nhận sức khỏe điện tử của EU", "an EU health certificate"),
        OtherCode::MobileDocument => {
            ("mã kết nối giấy tờ di động ISO 18013-5", "an ISO 18013-5 mobile document's connection code")
        }
        OtherCode::CounterRequest => {
            ("mã yêu cầu của một quầy, không phải câu trả lời", "a counter's request, not the answer")
        }
        OtherCode::Link => ("đường dẫn đến trang mạng hoặc ứng dụng", "a link to a web page or an app"),
        OtherCode::Unknown => ("mã không rõ loại", "a code of unknown kind"),
    };
    Words { vi, en }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proof_that_stands_for_a_paper_says_which() {
        let papers = Purpose::ALL.into_iter().filter(|purpose| stands_for(*purpose).is_some());
        assert_eq!(papers.collect::<Vec<_>>(), [Purpose::Health, Purpose::Residence, Purpose::DrivingLicence]);
        let licence = stands_for(Purpose::DrivingLicence).unwrap();
        assert!(licence.vi.contains("trạng thái") && licence.en.contains("status"), "police hold licences in the app");
    }
}
