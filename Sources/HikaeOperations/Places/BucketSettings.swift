// From what a plan says of a bucket to what is needed to reach it.

import HikaeCore
import HikaePlan
import HikaeS3

extension S3Settings {
    init(_ plan: S3Plan) {
        self.init(
            endpoint: plan.endpoint, region: plan.region, bucket: plan.bucket, prefix: plan.prefix,
            accessKeyID: plan.accessKeyID?.provider, secretAccessKey: plan.secretAccessKey?.provider,
            sessionToken: plan.sessionToken?.provider)
        (pathStyle, versions, tags) = (plan.pathStyle, plan.versions, plan.tags)
        (trust, connections) = (plan.trust, plan.connections)
    }
}
