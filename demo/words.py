"""What the demonstration's people, sweets and letters are called: the raw material, in Japanese and English."""

FAMILY = [("佐藤", "Sato"), ("鈴木", "Suzuki"), ("高橋", "Takahashi"), ("田中", "Tanaka"), ("伊藤", "Ito"),
          ("渡辺", "Watanabe"), ("山本", "Yamamoto"), ("中村", "Nakamura"), ("小林", "Kobayashi"), ("加藤", "Kato"),
          ("吉田", "Yoshida"), ("山田", "Yamada"), ("髙島", "Takashima"), ("斎藤", "Saito"), ("齋藤", "Saito"),
          ("渡邉", "Watanabe"), ("長谷川", "Hasegawa"), ("五十嵐", "Igarashi"), ("𠮷川", "Yoshikawa")]
GIVEN = [("翔", "Sho"), ("さくら", "Sakura"), ("大輔", "Daisuke"), ("美咲", "Misaki"), ("健一", "Kenichi"),
         ("陽菜", "Hina"), ("直樹", "Naoki"), ("由美子", "Yumiko"), ("拓也", "Takuya"), ("恵", "Megumi"),
         ("アンナ", "Anna"), ("健太郎", "Kentaro"), ("葵", "Aoi"), ("悠", "Yu"), ("千尋", "Chihiro")]
FOREIGN = ["Emily O'Neill", "José García", "Zoë Müller", "Nguyễn Văn An", "John \"Jack\" Smith", "Ольга Иванова"]
PLACES = ["東京都墨田区押上1-1-2", "大阪府大阪市北区梅田3丁目", "京都府京都市東山区祇園町", "北海道札幌市中央区北1条西2丁目",
          "福岡県福岡市博多区博多駅前", "愛知県名古屋市中村区名駅4-7-1", "沖縄県那覇市泉崎1-2-2", "石川県金沢市丸の内1-1"]
SWEETS = [("どら焼き", "Dorayaki"), ("羊羹", "Yokan"), ("大福", "Daifuku"), ("最中", "Monaka"), ("桜餅", "Sakura mochi"),
          ("水無月", "Minazuki"), ("金平糖", "Konpeito"), ("栗きんとん", "Kuri kinton"), ("わらび餅", "Warabi mochi"),
          ("カステラ", "Castella")]
KINDS = [("抹茶", "matcha"), ("黒糖", "brown sugar"), ("柚子", "yuzu"), ("小豆", "azuki"), ("季節限定", "seasonal"),
         ("お徳用", "family pack"), ("詰め合わせ", "assortment"), ("贈答用", "gift box")]
REMARKS = ["のし紙をお願いします。", "Please leave at the door.", "午前中に届けてください。", "", "", "", "誕生日なのでカードを付けてください🎂",
           "領収書の宛名は「株式会社みなもと」で。", "Gift: no price tag; thanks!", "It's for O'Brien \\ Co.\nSecond line."]
SUBJECTS = ["ご注文ありがとうございます", "Re: お見積りの件", "請求書をお送りします", "Shipping notice", "【重要】納期のご連絡",
            "Fwd: 写真をお送りします", "Re: Question about allergens", "本日の会議について", "お歳暮のご案内", "Invoice attached"]
SENTENCES = ["いつもお世話になっております。", "みなもと屋の源でございます。", "ご注文の品を本日発送いたしました。",
             "到着まで今しばらくお待ちくださいませ。", "添付の請求書をご確認ください。", "Thank you very much for your order.",
             "The parcel left our shop this morning.", "アレルギー表示は商品ページをご覧ください。",
             "来月の催事についてご相談させてください。", "Please find the photographs attached.",
             "お手数ですが、ご返信をお願いいたします。", "今後ともよろしくお願い申し上げます。"]
ATTACHMENTS = [("請求書_{0}.pdf", "application", "pdf"), ("写真{0}.png", "image", "png"), ("order-{0}.csv", "text", "csv"),
               ("見積書（改訂版）{0}.xlsx", "application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")]
