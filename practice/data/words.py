"""What the practice companies' people, goods, illnesses and letters are called, in Japanese and English.

Every name is plainly invented: families called Sample and Example, telephone numbers and postcodes that nobody can
have, mail domains that are reserved for examples.
"""

FAMILY = [("見本", "Mihon"), ("架空", "Kaku"), ("例田", "Reida"), ("仮野", "Karino"), ("試山", "Tameyama"),
          ("雛形", "Hinagata"), ("絵空", "Esora"), ("作田", "Sakuda"), ("想像川", "Sozogawa"), ("練習", "Renshu"),
          ("髙見本", "Takamihon"), ("𠮷例", "Yoshirei"), ("仮﨑", "Karisaki"), ("無名", "Mumei"), ("物語", "Monogatari")]
GIVEN = [("太郎", "Taro"), ("花子", "Hanako"), ("一郎", "Ichiro"), ("二葉", "Futaba"), ("三奈", "Mina"),
         ("四郎", "Shiro"), ("五月", "Satsuki"), ("六花", "Rikka"), ("七海", "Nanami"), ("八重", "Yae"),
         ("アンナ", "Anna"), ("試之助", "Tamenosuke"), ("ためし", "Tameshi"), ("例子", "Reiko"), ("真似", "Mane")]
FOREIGN = ["Emily O'Sample", "José Ejemplo", "Zoë Müster-Beispiel", "Nguyễn Ví Dụ", 'John "Jack" Placeholder',
           "Ольга Примерова"]
PLACES = ["架空県見本市例町1-1-2", "架空県見本市仮町3丁目4番", "例府例市東例区試町5-6", "例府例市北例区雛形1条2丁目",
          "想像県絵空市博物町7", "想像県絵空市港町8番地の9", "1 Example Street, Sampleton", "仮都仮野区作田2-2-2 見本ビル3階"]

SWEETS = [("どら焼き", "Dorayaki"), ("羊羹", "Yokan"), ("大福", "Daifuku"), ("最中", "Monaka"), ("桜餅", "Sakura mochi"),
          ("水無月", "Minazuki"), ("金平糖", "Konpeito"), ("栗きんとん", "Kuri kinton"), ("わらび餅", "Warabi mochi"),
          ("カステラ", "Castella")]
KINDS = [("抹茶", "matcha"), ("黒糖", "brown sugar"), ("柚子", "yuzu"), ("小豆", "azuki"), ("季節限定", "seasonal"),
         ("お徳用", "family pack"), ("詰め合わせ", "assortment"), ("贈答用", "gift box")]
REMARKS = ["のし紙をお願いします。", "Please leave at the door.", "午前中に届けてください。", "", "", "", "誕生日なのでカードを付けてください🎂",
           "領収書の宛名は「株式会社みほん」で。", "Gift: no price tag; thanks!", "It's for O'Sample \\ Co.\nSecond line.",
           "お電話は不要です\t(no calls)"]
CARRIERS = ["みほん運輸", "架空便", "Example Express"]

COMPLAINTS = ["発熱と咳が三日前から続く。", "左膝の痛み。階段で強い。", "Persistent headache, worse in the morning.",
              "花粉症の時期の鼻づまり。", "健診で血圧が高いと言われた。", "夜に咳き込み、眠れない。", "Follow-up: no complaints.",
              "食後の胃もたれ。\n市販薬は効かず。"]
FINDINGS = ["咽頭発赤あり。肺音清。", "熱感なし、可動域正常。", "Neurology: no focal signs.", "血圧 152/94、脈 76 整。",
            "体温 38.4℃、SpO₂ 97 %。", "腹部平坦・軟、圧痛なし。", "経過良好。次回は四週間後。"]
ILLNESSES = [("X01", "見本性感冒", "sample cold"), ("X02", "例示性頭痛", "example headache"),
             ("X03", "仮性花粉症", "pretend hay fever"), ("X04", "架空性高血圧", "imaginary hypertension"),
             ("X05", "試験性胃炎", "trial gastritis"), ("X06", "練習膝", "practice knee")]
DRUGS = [("ミホンシン錠100mg", "1回1錠 1日3回 毎食後"), ("カクウル散", "1回1包 1日2回 朝夕食後"),
         ("レイジン点鼻薬", "1日2回 各鼻1噴霧"), ("タメシート貼付剤", "1日1回 患部に"), ("Samplol 5 mg", "one tablet at bedtime")]
INSURERS = ["見本健康保険組合", "架空共済", "例示国民健康保険"]

SUBJECTS = ["ご注文ありがとうございます", "お見積りの件", "請求書をお送りします", "Shipping notice", "【重要】納期のご連絡",
            "写真をお送りします", "Question about allergens", "本日の会議について", "お歳暮のご案内", "Invoice attached",
            "予約の変更のお願い", "紹介状の件", "来週のシフト表", "Ωと①と㈱を含む件名", "長い件名でも折り返されて正しく届くことを確かめるためのご案内"]
SENTENCES = ["いつもお世話になっております。", "見本堂の見本でございます。", "ご注文の品を本日発送いたしました。",
             "到着まで今しばらくお待ちくださいませ。", "添付の請求書をご確認ください。", "Thank you very much for your order.",
             "The parcel left our shop this morning.", "アレルギー表示は商品ページをご覧ください。",
             "来月の催事についてご相談させてください。", "Please find the photographs attached.",
             "お手数ですが、ご返信をお願いいたします。", "今後ともよろしくお願い申し上げます。", "> 前回のメールを引用します。",
             "From here on, a line that begins with From.", ".", "--", "ﾊﾝｶｸｶﾅと𠮷野家の𠮷"]
ATTACHMENTS = [("請求書_{0}.pdf", "application", "pdf"), ("写真{0}.png", "image", "png"), ("order-{0}.csv", "text", "csv"),
               ("見積書（改訂版）{0}.xlsx", "application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")]

PAGES = ["会社案内", "商品紹介", "お問い合わせ", "よくある質問", "採用情報", "アクセス", "お知らせ", "privacy", "news", "recipes"]
FOLDERS = ["商品", "季節/春", "季節/秋", "blog/2025", "blog/2026", "img/店舗", "資料"]
